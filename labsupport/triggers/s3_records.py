"""What S3 tells of an object in a notification.

docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import base64
import itertools
import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from labsupport.credentials import ACCOUNT_ID

OWNER = base64.b32encode(ACCOUNT_ID.encode()).decode()[:14]
"""The account as the owner of its buckets, in the form of S3's customer ids."""

_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
}
_REASONS = {"CompleteMultipartUpload": "CompleteMultipartUpload", "Post": "POST Object"}
_NEWER = ("ObjectTagging", "ObjectAcl")
_sequence = itertools.count(time.time_ns() // 1000)


def request_id() -> str:
    """A new x-amz-request-id."""
    return os.urandom(8).hex().upper()


def host_id() -> str:
    """A new x-amz-id-2."""
    return base64.b64encode(os.urandom(56)).decode()


@dataclass(frozen=True)
class Answered:
    """The request that changed an object, and how S3 has identified its answer."""

    principal_id: str = f"AWS:{ACCOUNT_ID}"
    source_ip: str = "127.0.0.1"
    trace_header: str = ""
    access_key_id: str = ""
    request_id: str = field(default_factory=request_id)
    host_id: str = field(default_factory=host_id)


@dataclass(frozen=True)
class ObjectEvent:
    """What happened to an object.

    Args:
        name: for instance "ObjectCreated:Put".
        size: in bytes; None, as `etag`, for an object that is gone.
        version_id: "" in a bucket that has no versions.
        sequencer: grows from event to event.
    """

    name: str
    bucket: str
    region: str
    key: str
    at: datetime
    size: int | None = None
    etag: str = ""
    version_id: str = ""
    sequencer: str = field(default_factory=lambda: f"00{next(_sequence):014X}")

    @property
    def bucket_arn(self) -> str:
        """The bucket's ARN, on whose behalf S3 calls others."""
        return f"arn:aws:s3:::{self.bucket}"

    def record(self, configuration_id: str, answered: Answered) -> dict[str, Any]:
        """The one record of a notification.

        Events on tags and ACLs are of a newer version, without size and sequencer.
        """
        newer = self.name.startswith(_NEWER)
        about: dict[str, Any] = {
            "key": quote_plus(self.key, safe="/*"),
            "size": None if newer else self.size,
            "eTag": self.etag or None,
            "versionId": self.version_id or None,
            "sequencer": None if newer else self.sequencer,
        }
        return {
            "eventVersion": "2.3" if newer else "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": timestamp(self.at),
            "eventName": self.name,
            "userIdentity": {"principalId": answered.principal_id},
            "requestParameters": {"sourceIPAddress": answered.source_ip},
            "responseElements": {
                "x-amz-request-id": answered.request_id,
                "x-amz-id-2": answered.host_id,
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration_id,
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": {"principalId": OWNER},
                    "arn": self.bucket_arn,
                },
                "object": {name: value for name, value in about.items() if value is not None},
            },
        }

    def for_event_bridge(self, answered: Answered) -> tuple[str, dict[str, Any]] | None:
        """The detail-type and detail of the event that EventBridge gets; None where it gets none.

        docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
        """
        family, _, kind = self.name.partition(":")
        detail_type = _DETAIL_TYPES.get(self.name) or _DETAIL_TYPES.get(family)
        if detail_type is None:
            return None
        newer = self.name.startswith(_NEWER)
        about: dict[str, Any] = {
            "key": self.key,
            "size": None if newer else self.size,
            "etag": self.etag or None,
            "version-id": self.version_id or None,
            "sequencer": None if newer else self.sequencer,
        }
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": self.bucket},
            "object": {name: value for name, value in about.items() if value is not None},
            "request-id": answered.request_id,
            "requester": ACCOUNT_ID,
            "source-ip-address": answered.source_ip,
        }
        if family == "ObjectCreated":
            detail["reason"] = _REASONS.get(kind, f"{kind}Object")
        elif family == "ObjectRemoved":
            marker = kind == "DeleteMarkerCreated"
            detail["reason"] = "DeleteObject"
            detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
        return detail_type, detail


def test_event(bucket: str, at: datetime) -> dict[str, Any]:
    """What a queue or a topic gets when a bucket is configured to notify it."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": timestamp(at),
        "Bucket": bucket,
        "RequestId": request_id(),
        "HostId": host_id(),
    }


def timestamp(moment: datetime) -> str:
    """A moment as S3 writes it, with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
