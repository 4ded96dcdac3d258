"""Answers of the lab's door in the words and the shape AWS uses.

Each of AWS's protocols has its own way to write an error; an SDK understands only the one of
the service it called. https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    Environ = dict[str, Any]

XML_SERVICES = frozenset({"cloudfront", "route53"})
QUERY_COMPATIBLE = frozenset({"sqs", "monitoring"})  # their SDKs still know the old error codes
S3_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error under the names it has in JSON protocols, in the query protocol and in S3."""

    status: str
    code: str
    message: str
    query_code: str = ""
    s3_code: str = ""
    s3_message: str = ""


UNKNOWN_KEY = Refusal(
    "403 Forbidden",
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
    query_code="InvalidClientTokenId",
    s3_code="InvalidAccessKeyId",
    s3_message="The AWS Access Key Id you provided does not exist in our records.",
)
NO_KEY = Refusal(
    "403 Forbidden",
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
    query_code="MissingAuthenticationToken",
    s3_code="AccessDenied",
    s3_message="Access Denied",
)


def unknown_key(
    environ: Environ, key_id: str | None, start_response: StartResponse
) -> Iterable[bytes]:
    """Refuse a request that carries no access key id, or one this lab did not issue."""
    return _answer(environ, NO_KEY if key_id is None else UNKNOWN_KEY, start_response, key_id)


def not_implemented(
    environ: Environ, message: str, start_response: StartResponse
) -> Iterable[bytes]:
    """Say that the lab does not have an operation; SDKs do not retry this."""
    text = message or "The lab cloud does not have this operation."
    return _answer(environ, Refusal("501 Not Implemented", "NotImplemented", text), start_response)


def internal_failure(
    environ: Environ, error: Exception, start_response: StartResponse
) -> Iterable[bytes]:
    """Report a fault inside the lab cloud as AWS reports its own."""
    text = f"The lab cloud failed on this request: {type(error).__name__}: {error}"
    return _answer(
        environ, Refusal("500 Internal Server Error", "InternalFailure", text), start_response
    )


def refuse(environ: Environ, refusal: Refusal, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse a request in the shape its caller understands."""
    return _answer(environ, refusal, start_response)


def service(environ: Environ) -> str:
    """The service named in a request's credential scope, in lower case; "" when there is none."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0]
    parts = scope.split("/")
    return parts[3].strip().lower() if len(parts) == 5 else ""


def _answer(
    environ: Environ,
    refusal: Refusal,
    start_response: StartResponse,
    key_id: str | None = None,
) -> Iterable[bytes]:
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    name = service(environ)
    content_type: str = environ.get("CONTENT_TYPE", "")
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        headers += [("smithy-protocol", "rpc-v2-cbor")]
        kind = "application/cbor"
        headers += _old_code(name, refusal)
        body = _cbor_map({"__type": refusal.code, "message": refusal.message})
    elif "HTTP_X_AMZ_TARGET" in environ or content_type.startswith("application/x-amz-json"):
        kind = content_type or "application/x-amz-json-1.1"
        headers += _old_code(name, refusal)
        body = json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
    elif name in S3_SERVICES or (not name and not content_type.startswith("application/x-www")):
        kind = "application/xml"
        key = f"<AWSAccessKeyId>{escape(key_id)}</AWSAccessKeyId>" if key_id else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error>'
            f"<Code>{refusal.s3_code or refusal.code}</Code>"
            f"<Message>{escape(refusal.s3_message or refusal.message)}</Message>{key}"
            f"<RequestId>{request_id}</RequestId></Error>"
        ).encode()
    elif name == "ec2":
        kind = "text/xml"
        body = (
            f"<Response><Errors><Error><Code>{refusal.query_code or refusal.code}</Code>"
            f"<Message>{escape(refusal.message)}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        ).encode()
    elif name in XML_SERVICES or content_type.startswith("application/x-www-form-urlencoded"):
        kind = "text/xml"
        fault = "Sender" if refusal.status.startswith("4") else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{fault}</Type>"
            f"<Code>{refusal.query_code or refusal.code}</Code>"
            f"<Message>{escape(refusal.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        ).encode()
    else:
        kind = "application/json"
        headers += [("x-amzn-ErrorType", refusal.code)]
        body = json.dumps({"message": refusal.message}).encode()
    start_response(refusal.status, [("Content-Type", kind), *headers])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _old_code(service: str, refusal: Refusal) -> list[tuple[str, str]]:
    """The header with the error code a service had before it spoke JSON or CBOR."""
    known = refusal.query_code and service in QUERY_COMPATIBLE
    return [("x-amzn-query-error", f"{refusal.query_code};Sender")] if known else []


def _cbor_map(fields: dict[str, str]) -> bytes:
    """Encode a small map of texts as CBOR (RFC 8949)."""
    encoded = bytes([0xA0 | len(fields)])
    for text in (text for pair in fields.items() for text in pair):
        data = text.encode()
        encoded += b"\x79" + len(data).to_bytes(2, "big") + data
    return encoded
