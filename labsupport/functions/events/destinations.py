"""Where Lambda reports what became of an asynchronous event.

docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: destinations get a record
of the invocation, a dead-letter queue gets the event itself. Both are written with the rights of
the function's execution role, over the lab's own endpoint.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ..model import FunctionVersion, InvokeRequest, InvokeResult

Condition = Literal[
    "Success",
    "RetriesExhausted",
    "EventAgeExceeded",
    "ZeroReservedConcurrency",
    "RecursiveInvocation",
]
ERROR_MESSAGE_CHARS = 1024


@dataclass(frozen=True)
class Outcome:
    """How an asynchronous event ended.

    Args:
        attempts: how often the function was invoked for it.
        result: of the last attempt, None when there was none.
        qualified_arn: what was invoked, with its qualifier.
    """

    request: InvokeRequest
    qualified_arn: str
    condition: Condition
    attempts: int
    result: InvokeResult | None
    at: datetime

    def record(self) -> dict[str, Any]:
        """The invocation record that a destination gets."""
        context: dict[str, Any] = {
            "requestId": self.request.request_id,
            "functionArn": self.qualified_arn,
            "condition": self.condition,
            "approximateInvokeCount": self.attempts,
        }
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": _timestamp(self.at),
            "requestContext": context,
            "requestPayload": _json(self.request.payload),
        }
        if self.result is not None:
            response: dict[str, Any] = {
                "statusCode": 200,
                "executedVersion": self.result.executed_version,
            }
            if self.result.function_error:
                response["functionError"] = self.result.function_error
            record["responseContext"] = response
            record["responsePayload"] = _json(self.result.payload)
        return record

    def attributes(self) -> dict[str, dict[str, str]]:
        """The message attributes that a dead-letter queue or topic gets."""
        code, message = self._error()
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": self.request.request_id},
            "ErrorMessage": {
                "DataType": "String",
                "StringValue": message[:ERROR_MESSAGE_CHARS],
            },
        }
        if code:
            attributes["ErrorCode"] = {"DataType": "Number", "StringValue": code}
        return attributes

    def _error(self) -> tuple[str, str]:
        if self.condition == "ZeroReservedConcurrency":
            return "", (
                "Function not invoked. Function is configured with zero reserved concurrent "
                "executions"
            )
        if self.condition == "RecursiveInvocation":
            return "400", "RecursiveInvocationException"
        error = _json(self.result.payload) if self.result else {}
        message = error.get("errorMessage", "") if isinstance(error, dict) else str(error)
        return "200" if self.result else "429", message or "Rate Exceeded."


class Messenger:
    """Sends to queues, topics, functions, event buses and buckets, as a function's role.

    Args:
        client: makes a boto3 client for a service, a Region and a function's role.
    """

    def __init__(self, client: Callable[[str, str, FunctionVersion], Any]) -> None:
        self._client = client

    def to_destination(self, target: str, outcome: Outcome) -> None:
        """Send the invocation record. Raise botocore's ClientError when it isn't taken."""
        text = json.dumps(outcome.record())
        service, region = _service(target)
        client = self._client(service, region, outcome.request.function)
        if service == "sqs":
            client.send_message(QueueUrl=_queue_url(client, target), MessageBody=text)
        elif service == "sns":
            client.publish(TopicArn=target, Message=text)
        elif service == "lambda":
            client.invoke(FunctionName=target, InvocationType="Event", Payload=text)
        elif service == "events":
            _check_taken(client.put_events(Entries=[_event_bus_entry(target, outcome, text)]))
        elif service == "s3":
            bucket = target.rpartition(":")[2]
            client.put_object(Bucket=bucket, Key=_object_key(outcome), Body=text)
        else:
            raise ValueError(f"{target} is no destination that Lambda knows.")

    def to_dead_letter_queue(self, target: str, outcome: Outcome) -> None:
        """Send the event itself. Raise botocore's ClientError when it isn't taken."""
        text = outcome.request.payload.decode()
        service, region = _service(target)
        client = self._client(service, region, outcome.request.function)
        if service == "sqs":
            client.send_message(
                QueueUrl=_queue_url(client, target),
                MessageBody=text,
                MessageAttributes=outcome.attributes(),
            )
        elif service == "sns":
            client.publish(TopicArn=target, Message=text, MessageAttributes=outcome.attributes())
        else:
            raise ValueError(f"{target} is neither a queue nor a topic.")


def _service(arn: str) -> tuple[str, str]:
    _, _, service, region, *_ = arn.split(":")
    return service, region or "us-east-1"


def _queue_url(client: Any, arn: str) -> str:
    return str(client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])


def _event_bus_entry(target: str, outcome: Outcome, text: str) -> Mapping[str, Any]:
    ending = "Success" if outcome.condition == "Success" else "Failure"
    return {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {ending}",
        "Detail": text,
        "Resources": [outcome.qualified_arn, target],
        "EventBusName": target,
    }


def _check_taken(answer: Mapping[str, Any]) -> None:
    """An event bus answers for each event whether it took it."""
    if answer.get("FailedEntryCount"):
        entry = answer["Entries"][0]
        raise ValueError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}")


def _object_key(outcome: Outcome) -> str:
    day, moment = f"{outcome.at:%Y/%m/%d}", f"{outcome.at:%Y-%m-%dT%H.%M.%S}"
    return f"aws/lambda/async/{outcome.request.function.name}/{day}/{moment}-{uuid.uuid4()}"


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace")
