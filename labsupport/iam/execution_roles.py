"""What Lambda checks of an execution role before it takes over a configuration.

A function's role must be allowed to do what the function's configuration makes Lambda do for it.
docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html, "Required IAM permissions"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labsupport.refusals import Refusal

from . import moto_policies
from .evaluation import Ask
from .requests import Call

Need = tuple[Ask, str]
"""What the role must be allowed, and the message where it isn't."""

_SENDING = {
    "sqs": ("SQS", "SendMessage", "sqs:SendMessage"),
    "sns": ("SNS", "Publish", "sns:Publish"),
    "lambda": ("Lambda", "InvokeFunction", "lambda:InvokeFunction"),
    "events": ("EventBridge", "PutEvents", "events:PutEvents"),
    "s3": ("S3", "PutObject", "s3:PutObject"),
}
_POLLING = {
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
    "kinesis": ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards"),
    "dynamodb": ("GetRecords", "GetShardIterator", "DescribeStream"),
}
_NETWORKING = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")
_STREAM = (
    "Cannot access stream {}. Please ensure the role can perform the GetRecords, "
    "GetShardIterator, DescribeStream, {}and ListStreams Actions on your stream in IAM."
)


def needs(call: Call) -> Iterator[Need]:
    """What the role of the function in a call must be allowed, in the order it is asked for."""
    if call.service != "lambda":
        return
    if call.operation in ("CreateFunction", "UpdateFunctionConfiguration"):
        yield from _configuration(call)
    elif call.operation in ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"):
        for destination in _members(call, "DestinationConfig").values():
            target = str((destination or {}).get("Destination") or "")
            if known := _SENDING.get(_service(target)):
                text = f"The function's execution role does not have permissions to call {known[1]}"
                yield Ask(known[2], _written(target)), f"{text} on {target}"
    elif call.operation == "CreateEventSourceMapping":
        yield from _polling(call.text("EventSourceArn"))


def role_of(call: Call) -> str:
    """The execution role that a call is about; "" where it names none."""
    return call.text("Role") or moto_policies.function_role(call.region, call.text("FunctionName"))


def refusal(message: str) -> Refusal:
    """The refusal of a configuration."""
    return Refusal("400 Bad Request", "InvalidParameterValueException", message)


def _configuration(call: Call) -> Iterator[Need]:
    text = "The provided execution role does not have permissions to call"
    target = str(_members(call, "DeadLetterConfig").get("TargetArn") or "")
    if known := _SENDING.get(_service(target)):
        yield Ask(known[2], target), f"{text} {known[1]} on {known[0]}"
    if _members(call, "TracingConfig").get("Mode") == "Active":
        yield Ask("xray:PutTraceSegments"), f"{text} PutTraceSegments on XRAY"
    if _members(call, "VpcConfig").get("SubnetIds"):
        for operation in _NETWORKING:
            yield Ask(f"ec2:{operation}"), f"{text} {operation} on EC2"


def _polling(source: str) -> Iterator[Need]:
    service = _service(source)
    for operation in _POLLING.get(service, ()):
        message = (
            f"The function execution role does not have permissions to call {operation} on SQS"
        )
        if service != "sqs":
            message = _STREAM.format(source, "ListShards, " if service == "kinesis" else "")
        yield Ask(f"{service}:{operation}", source), message


def _members(call: Call, parameter: str) -> dict[str, Any]:
    found = call.parameters.get(parameter)
    return found if isinstance(found, dict) else {}


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 2 else ""


def _written(arn: str) -> str:
    """The resource that a record for a destination is written to."""
    return f"{arn}/*" if _service(arn) == "s3" else arn
