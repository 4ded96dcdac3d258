"""Reading one HTTP/1.1 request: its head strictly, its body only when somebody asks for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes, urlsplit

LINE_BYTES = 64 * 1024
HEADERS = 200
SMALL_BODY = 1024 * 1024  # read at once; anything larger is read as it is asked for


class BadRequest(Exception):
    """The bytes on the connection are not a request this server understands."""


class Body(io.RawIOBase):
    """A request's body: read on demand, never past its end."""

    def __init__(
        self,
        stream: io.BufferedReader[Any],
        length: int | None,
        on_first_read: Callable[[], object] | None,
    ) -> None:
        self._stream = stream
        self._chunked = length is None
        self._left = length or 0  # of the body, or of the current chunk
        self._ended = length == 0
        self._started = False
        self._on_first_read = on_first_read

    def readable(self) -> bool:
        """Say that this stream can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some of the body into `buffer`; 0 at its end."""
        if self._ended:
            return 0
        if self._on_first_read is not None:
            self._on_first_read()
            self._on_first_read = None
        if self._chunked and self._left == 0 and not self._next_chunk():
            return 0
        data = self._stream.read1(min(len(buffer), self._left))
        if not data:
            raise ConnectionResetError("the client went away in the middle of a request")
        buffer[: len(data)] = data
        self._left -= len(data)
        if self._left == 0 and not self._chunked:
            self._ended = True
        return len(data)

    def _next_chunk(self) -> bool:
        if self._started and self._stream.readline(3) not in (b"\r\n", b"\n"):
            raise ConnectionResetError("a chunk of the request's body has a wrong length")
        self._started = True
        size = _line(self._stream).partition(b";")[0].strip()
        if not 0 < len(size) <= 12 or size.strip(b"0123456789abcdefABCDEF"):
            raise ConnectionResetError("a chunk of the request's body has no length")
        self._left = int(size, 16)
        if self._left == 0:
            while _line(self._stream):
                pass
            self._ended = True
        return not self._ended

    def discard(self, limit: int) -> bool:
        """Read what nobody wanted, up to `limit` bytes; say whether the end was reached."""
        if self._ended:
            return True
        if self._on_first_read is not None:
            return False  # the client still waits for leave to send it
        buffer = bytearray(min(limit, LINE_BYTES))
        while not self._ended and limit > 0:
            limit -= self.readinto(buffer)
        return self._ended


@dataclass(slots=True)
class Request:
    """The head of a request, and its body still to be read."""

    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]
    keep_alive: bool
    chunked: bool
    body: Body
    input: BinaryIO

    def environ(self) -> dict[str, Any]:
        """What WSGI (PEP 3333) says about this request; the server adds the addresses."""
        path, _, query = self.target.partition("?")
        host = None
        if not path.startswith("/"):
            absolute = urlsplit(self.target)
            path, query, host = absolute.path or "/", absolute.query, absolute.netloc
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "REQUEST_URI": self.target,
            "RAW_URI": self.target,
            "SERVER_PROTOCOL": self.version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": self.input,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.chunked:
            environ["wsgi.input_terminated"] = True
        underscored: list[tuple[str, str]] = []
        for name, value in self.headers:
            if "_" in name:
                underscored.append((name, value))
                continue
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ["moto.preserved_header_names"] = _add_metadata(environ, underscored)
        if host:
            environ["HTTP_HOST"] = host
        return environ


def _add_metadata(environ: dict[str, Any], headers: list[tuple[str, str]]) -> dict[str, str]:
    """Add S3's metadata headers that have an underscore; return their names as sent.

    WSGI cannot tell x_y from x-y, so every other header with an underscore is left out, and
    none may stand in for one with a dash.
    """
    names: dict[str, str] = {}
    for name, value in headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        if name.lower().startswith("x-amz-meta-") and key not in environ:
            environ[key] = value
            names[key] = name
    return names


def read_request(stream: io.BufferedReader[Any], send: Callable[[bytes], object]) -> Request | None:
    """Read a request's head from `stream`; None when the client has no more to ask.

    `send` carries the interim "100 Continue" when the body is first asked for. Raises
    `BadRequest` for anything ambiguous, so that two requests can never be taken for one.
    """
    line = _line(stream, end_is_fine=True)
    if line == b"":
        line = _line(stream, end_is_fine=True)  # a stray line break between requests
    if not line:
        return None
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[0].isalpha() or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest("This is not an HTTP/1.1 request.")
    method, target, version = parts
    headers, fields = _read_headers(stream)
    length = _body_length(fields)
    connection = fields.get("connection", "").lower()
    keep_alive = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
    waits = version == "HTTP/1.1" and fields.get("expect", "").lower() == "100-continue"
    body = Body(stream, length, (lambda: send(b"HTTP/1.1 100 Continue\r\n\r\n")) if waits else None)
    data: BinaryIO
    if length is not None and length <= SMALL_BODY and not waits:
        content = stream.read(length) if length else b""
        if len(content) < length:
            return None
        body, data = Body(stream, 0, None), io.BytesIO(content)
    else:
        data = io.BufferedReader(body, LINE_BYTES)
    return Request(method, target, version, headers, keep_alive, length is None, body, data)


def _line(stream: io.BufferedReader[Any], end_is_fine: bool = False) -> bytes:
    line = stream.readline(LINE_BYTES)
    if not line.endswith(b"\n"):
        if len(line) >= LINE_BYTES:
            raise BadRequest("A line of the request's head is too long.")
        if end_is_fine and not line:
            return b""
        raise ConnectionResetError("the client went away in the middle of a request")
    return line.rstrip(b"\r\n")


def _read_headers(stream: io.BufferedReader[Any]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    headers: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    while line := _line(stream):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip() or " " in name or len(headers) >= HEADERS:
            raise BadRequest("A header of the request is malformed.")
        value = value.strip(" \t")
        lowered = name.lower()
        if lowered in ("content-length", "transfer-encoding") and lowered in fields:
            raise BadRequest(f"The request has more than one {name} header.")
        headers.append((name, value))
        fields[lowered] = value
    return headers, fields


def _body_length(fields: dict[str, str]) -> int | None:
    """The body's length in bytes, or None when it comes in chunks."""
    coding = fields.get("transfer-encoding")
    length = fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise BadRequest("The length of the request's body is ambiguous.")
        return None
    if length is None:
        return 0
    if not length.isascii() or not length.isdigit() or len(length) > 15:
        raise BadRequest("The Content-Length of the request is not a number.")
    return int(length)
