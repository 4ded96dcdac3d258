"""The event that a function gets of a queue's messages.

docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import base64
from typing import Any

from labsupport.functions.events.lineage import continue_lineage


def record_of(message: Any, source_arn: str, region: str) -> dict[str, Any]:
    """A received message of moto's as a record."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "AWSTraceHeader": trace_header(message) or None,
        "SentTimestamp": str(message.sent_timestamp),
        "SequenceNumber": message.sequence_number,
        "MessageGroupId": message.group_id,
        "SenderId": message.sender_id,
        "MessageDeduplicationId": message.deduplication_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    named = message.message_attributes
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "messageAttributes": {name: _attribute(value) for name, value in named.items()},
        "md5OfMessageAttributes": message.attribute_md5 if named else None,
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": source_arn,
        "awsRegion": region,
    }


def trace_header(message: Any) -> str:
    """The trace header that a message was sent with, "" for none."""
    trace = (message.system_attributes or {}).get("AWSTraceHeader") or {}
    return str(trace.get("StringValue", ""))


def longest_chain(messages: list[Any], function_arn: str) -> str:
    """The trace header of a batch: of the message that has come back to the function most often."""
    headers = [header for message in messages if (header := trace_header(message))]
    return max(headers, key=lambda header: continue_lineage(header, function_arn).times, default="")


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if value.get("StringValue") is not None:
        found["stringValue"] = value["StringValue"]
    if (binary := value.get("BinaryValue")) is not None:
        found["binaryValue"] = (
            base64.b64encode(binary).decode() if isinstance(binary, bytes) else binary
        )
    return {**found, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
