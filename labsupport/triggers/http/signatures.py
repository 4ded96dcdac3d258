"""Signature Version 4, checked as AWS checks it: by signing the request once more.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .messages import HttpRequest

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 *Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[^/,]+)"
    r"/(?P<service>[^/,]+)/aws4_request, *SignedHeaders=(?P<headers>[^,]+),"
    r" *Signature=(?P<signature>[0-9a-f]{64})"
)


def key_of(request: HttpRequest) -> str | None:
    """The access key id a request is signed with; None where it isn't signed by headers."""
    found = _AUTHORIZATION.fullmatch(request.header("authorization"))
    return found["key"] if found else None


def is_signed_with(request: HttpRequest, path: str, secret: str) -> bool:
    """Whether a request bears the signature that a secret access key gives it.

    Args:
        path: the whole path as it was sent, that of the lab's address included.
    """
    found = _AUTHORIZATION.fullmatch(request.header("authorization"))
    if found is None:
        return False
    signed = set(found["headers"].split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    if not {"host", "x-amz-date"} <= signed or (
        request.header("x-amz-content-sha256") not in ("", "UNSIGNED-PAYLOAD", digest)
    ):
        return False
    query = f"?{request.query}" if request.query else ""
    again = AWSRequest(
        method=request.method,
        url=f"http://{request.header('host')}{path}{query}",
        data=request.body,
        headers={name: request.header(name) for name in signed},
    )
    again.context["timestamp"] = request.header("x-amz-date")
    signer: Any = SigV4Auth(Credentials(found["key"], secret), found["service"], found["region"])
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return hmac.compare_digest(str(signer.signature(text, again)), found["signature"])
