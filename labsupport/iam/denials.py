"""A denial in the words and with the code of the service that was called.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from labsupport.refusals import Refusal

from .evaluation import Ask, Caller
from .requests import Call

# Of the services whose protocol is JSON, these refuse with 403 all the same.
_FORBIDDING = {"sqs", "monitoring"}
_QUERY_CODES = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation"}


def denied(call: Call, ask: Ask, caller: Caller, reason: str) -> Refusal:
    """The refusal of a call.

    Args:
        ask: what isn't allowed; of another service where a call needs iam:PassRole, for instance.
        reason: as `evaluation.decide` words it.
    """
    message = f"User: {caller.arn} is not authorized to perform: {ask.shown or ask.action}"
    if call.service != "s3":
        message += f" on resource: {ask.resource}"
    elif ask.resource != "*":
        message += f' on resource: "{ask.resource}"'
    message += f" {reason}"
    if call.service == "ec2":
        message = f"You are not authorized to perform this operation. {message}"
    json = "x-amz-target" in call.headers and call.service not in _FORBIDDING
    return Refusal(
        "400 Bad Request" if json else "403 Forbidden",
        "AccessDeniedException",
        message,
        query_code=_QUERY_CODES.get(call.service, "AccessDenied"),
        s3_code="AccessDenied",
    )
