"""Requests and answers as function URLs and API Gateway know them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from labsupport.functions.api.wsgi import read_body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

MB = 1024 * 1024
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript|([^;]*\+)?(json|xml))\b.*")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What the server itself says of the connection and the body.
_OF_THE_CONNECTION = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"}
_WITHOUT_BODY = {204, 205, 304}


@dataclass(frozen=True)
class HttpRequest:
    """A request to a function URL or an API.

    Args:
        path: within the URL or the stage, as it was sent, with percent signs.
        query: what follows the question mark, as it was sent.
        headers: names and values as they were sent, in order.
        protocol: for instance "HTTP/1.1".
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def header(self, name: str) -> str:
        """A header's values joined with commas; "" where it is missing."""
        return ",".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def joined_headers(self) -> dict[str, str]:
        """All headers in lower case, the values of one joined with commas."""
        return {name.lower(): self.header(name) for name, _ in self.headers}


@dataclass(frozen=True)
class HttpResponse:
    """An answer to such a request.

    Args:
        body: an iterator of bytes for one that is streamed.
        headers: may repeat a name, as Set-Cookie does.
    """

    status: int
    body: bytes | Iterator[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> Iterable[bytes]:
        """The body, in one piece or as it comes."""
        return [self.body] if isinstance(self.body, bytes) else self.body


class MalformedResponse(Exception):
    """What a function returned can't be made into an answer; says why."""


def is_longer(environ: dict[str, Any], limit: int) -> bool:
    """Whether a request's body has more bytes than it may; it is then read, and forgotten.

    A client that is still sending wouldn't see an answer.
    """
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) <= limit:
        return False
    left = int(length)
    while left > 0 and (data := environ["wsgi.input"].read(min(left, MB))):
        left -= len(data)
    return True


def read_request(environ: dict[str, Any], path: str, trace_id: str) -> HttpRequest:
    """The request of a WSGI environment, with the headers that AWS adds."""
    port = environ.get("HTTP_HOST", "").partition(":")[2]
    source_ip = environ.get("REMOTE_ADDR", "127.0.0.1")
    sent = tuple(environ.get("labsupport.headers") or _headers(environ))
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    added = {
        "X-Forwarded-For": f"{forwarded}, {source_ip}" if forwarded else source_ip,
        "X-Forwarded-Port": port or "80",
        "X-Forwarded-Proto": "http",
        "X-Amzn-Trace-Id": trace_id,
    }
    replaced = {name.lower() for name in added}
    kept = tuple(header for header in sent if header[0].lower() not in replaced)
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=environ.get("QUERY_STRING", ""),
        headers=(*kept, *added.items()),
        body=read_body(environ),
        source_ip=source_ip,
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )


def _headers(environ: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").title(), value
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield key.replace("_", "-").title(), value


def is_text(request: HttpRequest) -> bool:
    """Whether a request's body goes into an event as text, and not in base64."""
    if request.header("content-encoding") or not _TEXT.fullmatch(
        request.header("content-type").lower()
    ):
        return False
    try:
        request.body.decode()
    except UnicodeDecodeError:
        return False
    return True


def json_response(status: int, body: Any, *headers: tuple[str, str]) -> HttpResponse:
    """An answer with a JSON body, spelled as AWS does, without spaces."""
    data = json.dumps(body, separators=(",", ":")).encode()
    return HttpResponse(status, data, (("Content-Type", "application/json"), *headers))


def checked_status(status: Any) -> int:
    """A function's statusCode as a number, which may stand in a string.

    Raises:
        MalformedResponse: for anything that isn't the status of an answer.
    """
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if isinstance(status, float) and status.is_integer():
        status = int(status)
    if isinstance(status, int) and not isinstance(status, bool) and 200 <= status <= 599:
        return status
    raise MalformedResponse(f"statusCode {status!r} is no HTTP status")


def checked_header(name: Any, value: Any) -> tuple[str, str]:
    """A header as text; numbers and booleans are written as JSON writes them.

    Raises:
        MalformedResponse: for anything that can't be a header.
    """
    if isinstance(value, bool | int | float):
        value = json.dumps(value)
    if not isinstance(value, str) or not _NAME.fullmatch(name) or _CONTROL.search(value):
        raise MalformedResponse(f"header {name!r} can't be sent")
    return name, value


def send(
    start_response: StartResponse, method: str, response: HttpResponse, *more: tuple[str, str]
) -> Iterable[bytes]:
    """Answer a request; headers in `more` take the place of those of the response."""
    replaced = {name.lower() for name, _ in more} | _OF_THE_CONNECTION
    headers = [header for header in response.headers if header[0].lower() not in replaced]
    body, length = response.body, []
    if isinstance(body, bytes) and response.status not in _WITHOUT_BODY:
        length = [("Content-Length", str(len(body)))]
    try:
        reason = HTTPStatus(response.status).phrase
    except ValueError:
        reason = "Unknown"
    start_response(f"{response.status} {reason}", [*headers, *more, *length])
    return [] if method == "HEAD" or response.status in _WITHOUT_BODY else response.parts
