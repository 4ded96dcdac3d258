"""The records of streams as a function gets them.

docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and with-ddb.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..moto_bridge.polled_streams import StreamRecord
from .settings import EventSourceMapping


def record_of(
    record: StreamRecord, shard_id: str, mapping: EventSourceMapping, role_arn: str
) -> dict[str, Any]:
    """A record as it stands in the event."""
    if mapping.service == "kinesis":
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.key,
                "sequenceNumber": record.sequence_number,
                "data": record.raw.data,
                "approximateArrivalTimestamp": round(record.shown_at, 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record.sequence_number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role_arn,
            "awsRegion": mapping.region,
            "eventSourceARN": mapping.source_arn,
        }
    changes = record.raw["dynamodb"]
    names = [name for name in ("Keys", "NewImage", "OldImage") if name in changes]
    images = {name: _plain(changes[name]) for name in names}
    return {
        "eventID": record.raw["eventID"],
        "eventName": record.raw["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": mapping.region,
        "dynamodb": {
            "ApproximateCreationDateTime": int(record.shown_at),
            **images,
            "SequenceNumber": record.sequence_number,
            "SizeBytes": sum(_item_bytes(image) for image in images.values()),
            "StreamViewType": changes["StreamViewType"],
        },
        "eventSourceARN": mapping.source_arn,
    }


def _plain(value: Any) -> Any:
    """Attributes as JSON has them: bytes in base64."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(inner) for inner in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _item_bytes(item: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def _bytes(value: Mapping[str, Any]) -> int:
    """docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    ((kind, content),) = value.items()
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return 3 + len(content) + _item_bytes(content)
    if kind == "L":
        return 3 + sum(1 + _bytes(inner) for inner in content)
    if kind in ("SS", "NS", "BS"):
        return sum(_bytes({kind[0]: inner}) for inner in content)
    return _text_bytes(kind, str(content))


def _text_bytes(kind: str, text: str) -> int:
    if kind == "N":
        digits = text.strip("-0.").replace(".", "")
        return (len(digits) + 1) // 2 + 1 + text.startswith("-")
    if kind == "B":
        return len(text) * 3 // 4 - text.count("=")
    return len(text.encode())
