"""What each call needs the right to do: its IAM actions, resources and condition keys.

S3, SQS, SNS, DynamoDB, Lambda and CloudWatch Logs follow the Service Authorization Reference,
resource by resource. For other services the action is right, and the resource is the ARN that the
call names or clearly means; otherwise "*", so that a policy for one resource doesn't allow it.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from __future__ import annotations

from collections.abc import Callable

from ..evaluation import Ask
from ..requests import Call
from . import dynamodb, functions, logs, messaging, others, s3

_ASKS: dict[str, Callable[[Call], list[Ask]]] = {
    "s3": s3.asks,
    "sqs": messaging.sqs,
    "sns": messaging.sns,
    "dynamodb": dynamodb.asks,
    "lambda": functions.asks,
    "logs": logs.asks,
}


def asks(call: Call) -> list[Ask]:
    """All that a call needs to be allowed; nothing for a call that everybody may make.

    A call that isn't formed as its service wants it is on no particular resource: the service will
    refuse it, for who may make such calls at all.
    """
    try:
        return [*_ASKS.get(call.service, others.asks)(call), *others.passed_roles(call)]
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError):
        return [Ask(f"{call.service}:{call.operation}")]
