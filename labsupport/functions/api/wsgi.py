"""What Lambda's APIs share when they read a request and answer it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import ServiceError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

Headers = list[tuple[str, str]]

_STATUS = {
    200: "200 OK",
    201: "201 Created",
    202: "202 Accepted",
    204: "204 No Content",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    409: "409 Conflict",
    412: "412 Precondition Failed",
    413: "413 Request Entity Too Large",
    429: "429 Too Many Requests",
    502: "502 Bad Gateway",
}


def region_of(environ: dict[str, Any]) -> str:
    """The Region, from the credential scope of the signature."""
    return _scope(environ)[2] or "us-east-1"


def service_of(environ: dict[str, Any]) -> str:
    """The service, from the credential scope of the signature."""
    return _scope(environ)[3]


def access_key_id_of(environ: dict[str, Any]) -> str:
    """The key the request is signed with, "" where it has no signature in its header."""
    return _scope(environ)[0]


def _scope(environ: dict[str, Any]) -> list[str]:
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    return scope if len(scope) > 3 else [""] * 4


def read_body(environ: dict[str, Any]) -> bytes:
    """The request's body, however it is framed."""
    read: Callable[..., bytes] = environ["wsgi.input"].read
    length = environ.get("CONTENT_LENGTH")
    if length:
        return read(int(length))
    return read() if "HTTP_TRANSFER_ENCODING" in environ else b""


def answer(
    start_response: StartResponse,
    status: int,
    headers: Headers,
    body: bytes | Iterator[bytes] = b"",
) -> Iterable[bytes]:
    """Answer with a body of JSON, unless the headers name another type; an iterator is streamed."""
    if not any(name == "Content-Type" for name, _ in headers):
        headers = [("Content-Type", "application/json"), *headers]
    if isinstance(body, bytes):
        headers = [("Content-Length", str(len(body))), *headers]
    start_response(_STATUS.get(status, f"{status} Error"), headers)
    return [body] if isinstance(body, bytes) else body


def answer_error(
    start_response: StartResponse, error: ServiceError, headers: Headers
) -> Iterable[bytes]:
    """Answer with an error as Lambda shapes it."""
    body = json.dumps(error.body()).encode()
    return answer(start_response, error.status, [("x-amzn-errortype", error.code), *headers], body)
