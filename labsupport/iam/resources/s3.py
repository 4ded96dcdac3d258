"""S3's operations and their permissions.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..evaluation import Ask
from ..requests import Call

# Where the action isn't named as the operation is.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "GetObjectTorrent": "GetObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
    "DeleteBucketCors": "PutBucketCORS",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
}
# A setting of a bucket whose action is Get… or Put…Configuration, without "Bucket".
_CONFIGURATION = re.compile(
    r"(?P<verb>Get|Put|Delete|List)Bucket"
    r"(?P<kind>Accelerate|Analytics|Encryption|IntelligentTiering|Inventory|Lifecycle|Metrics"
    r"|Replication)(?:Configurations?)?"
)
_OF_VERSION = re.compile("(Get|Put|Delete)Object(Acl|Attributes|Tagging|Torrent)?")
_ALSO = {  # headers of an upload that need rights of their own
    "x-amz-acl": "PutObjectAcl",
    "x-amz-grant-full-control": "PutObjectAcl",
    "x-amz-grant-read": "PutObjectAcl",
    "x-amz-grant-read-acp": "PutObjectAcl",
    "x-amz-grant-write-acp": "PutObjectAcl",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-tagging": "PutObjectTagging",
}
_UPLOADS = {"CopyObject", "CreateMultipartUpload", "PutObject"}
_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_HEADER_KEYS = (
    "x-amz-acl",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-metadata-directive",
)


def asks(call: Call) -> list[Ask]:
    """What an S3 call needs to be allowed; for DeleteObjects, as if it were for all objects."""
    bucket, key = call.text("Bucket"), call.text("Key")
    if not bucket:
        return [Ask(f"s3:{_ACTIONS.get(call.operation, call.operation)}")]
    if call.operation == "DeleteObjects":
        return [Ask("s3:DeleteObject", f"arn:aws:s3:::{bucket}/*")]
    context = {name: call.text(p) for p, name in _KEYS.items() if p in call.parameters}
    context |= {f"s3:{h}": call.headers[h] for h in _HEADER_KEYS if h in call.headers}
    if version := call.text("VersionId"):
        context["s3:versionid"] = version
    resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    needed = [_action(call.operation, version)]
    if call.operation == "GetObjectAttributes":
        needed.insert(0, _action("GetObject", version))
    if call.operation in _UPLOADS:
        needed += sorted({action for header, action in _ALSO.items() if header in call.headers})
    found = [Ask(f"s3:{action}", resource, context) for action in needed]
    return found + _source(call.text("CopySource"))


def delete_action(version: str) -> str:
    """What deleting an object, or one version of it, needs."""
    return f"s3:{_action('DeleteObject', version)}"


def _action(operation: str, version: str) -> str:
    if found := _CONFIGURATION.fullmatch(operation):
        verb = {"Delete": "Put", "List": "Get"}.get(found["verb"], found["verb"])
        return f"{verb}{found['kind']}Configuration"
    action = _ACTIONS.get(operation, operation)
    if version and _OF_VERSION.fullmatch(action):
        return action.replace("Object", "ObjectVersion")
    return action


def _source(copy_source: str) -> list[Ask]:
    """What copying from "bucket/key?versionId=…" needs."""
    if not copy_source:
        return []
    path, _, version = copy_source.partition("?versionId=")
    resource = f"arn:aws:s3:::{unquote(path).removeprefix('/')}"
    return [Ask(f"s3:{_action('GetObject', version)}", resource)]
