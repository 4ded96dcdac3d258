"""A small HTTP/1.1 server for WSGI applications on the loopback interface.

Werkzeug's development server closes the connection after every response and waits for the
client to go away; boto3 then pays for a new connection and a new thread with every call. This
one keeps connections alive, sends small responses in one packet and reads bodies as they are
asked for, so that a request can be refused before its body arrives.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import selectors
import socket
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http.client import responses as reasons
from typing import TYPE_CHECKING, Any

from labsupport.httprequest import BadRequest, Request, read_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

log = logging.getLogger("labsupport.http")

IDLE_SECONDS = 300.0  # a kept-alive connection nobody uses is closed after this
DISCARD_BYTES = 64 * 1024 * 1024  # of an unread body, before the connection is given up
ONE_PACKET = 64 * 1024
BODILESS = frozenset({204, 304})
CONNECTIONS = 1024  # at once; more are turned away


class Server:
    """Serve `app` on 127.0.0.1 from daemon threads until `close` is called.

    `port` 0 picks a free one. Raises `OSError` when the port cannot be had.
    """

    def __init__(self, app: WSGIApplication, port: int = 0) -> None:
        self.app = app
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                # On Windows this option would let another program take the port over.
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", port))
            self._listener.listen(128)
        except (OSError, OverflowError):
            self._listener.close()
            raise
        self.port: int = self._listener.getsockname()[1]
        self._listener.setblocking(False)
        self._wake, self._woken = socket.socketpair()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._accept, name="lab-http", daemon=True)
        self._thread.start()
        _servers.add(self)

    def close(self) -> None:
        """Stop listening and end every open connection. Calling it twice does no harm."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            connections = list(self._connections)
        with contextlib.suppress(OSError):
            self._wake.send(b"x")
        if self._thread is not threading.current_thread():
            self._thread.join(5)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for end in (self._listener, self._wake, self._woken):
            end.close()

    def _forget(self) -> None:
        """In a forked child: let go of the parent's sockets without ending what they carry."""
        self._lock = threading.Lock()
        self._closing = True
        for end in (self._listener, self._wake, self._woken, *self._connections):
            if (descriptor := end.detach()) != -1:
                os.close(descriptor)
        self._connections = set()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self._closing:
                for key, _ in selector.select():
                    if key.fileobj is self._listener:
                        self._take_connection()

    def _take_connection(self) -> None:
        try:
            connection, address = self._listener.accept()
        except OSError:
            return
        with self._lock:
            if self._closing or len(self._connections) >= CONNECTIONS:
                connection.close()
                return
            self._connections.add(connection)
        threading.Thread(
            target=self._serve, args=(connection, address), name="lab-http-client", daemon=True
        ).start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        try:
            connection.setblocking(True)
            connection.settimeout(IDLE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with io.BufferedReader(socket.SocketIO(connection, "r"), ONE_PACKET) as stream:
                while self._serve_one(connection, stream, address):
                    pass
        except OSError:
            pass  # the client went away, or `close` took the connection
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _serve_one(
        self, connection: socket.socket, stream: io.BufferedReader[Any], address: tuple[str, int]
    ) -> bool:
        """Answer one request; say whether the connection can carry another."""
        try:
            request = read_request(stream, connection.sendall)
        except BadRequest as error:
            connection.sendall(_plain_response(400, str(error)))
            return False
        if request is None:
            return False
        response = _Response(connection, request)
        environ = self._environ(request, address)
        try:
            body = self.app(environ, response.start)
            try:
                response.send(body)
            finally:
                if (close := getattr(body, "close", None)) is not None:
                    close()
        except (ConnectionError, TimeoutError):
            raise  # the client went away
        except Exception:
            log.exception("%s %s", request.method, request.target)
            if response.begun:
                return False
            connection.sendall(_plain_response(500, "Internal Server Error"))
            return False
        reusable = request.body.discard(DISCARD_BYTES)
        return reusable and not response.closes and not self._closing

    def _environ(self, request: Request, address: tuple[str, int]) -> dict[str, Any]:
        environ = request.environ()
        environ["SERVER_NAME"] = "127.0.0.1"
        environ["SERVER_PORT"] = str(self.port)
        environ["REMOTE_ADDR"] = address[0]
        environ["REMOTE_PORT"] = address[1]
        environ["wsgi.errors"] = sys.stderr
        return environ


class _Response:
    """Writes what a WSGI application answers, framed for a connection that stays open."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self._connection = connection
        self._request = request
        self._status: int | None = None
        self._head: list[str] = []
        self._has_length = False
        self._early: list[bytes] = []
        self.begun = False
        self.closes = not request.keep_alive

    @property
    def start(self) -> StartResponse:
        return self._start

    def _start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: object = None,
    ) -> Callable[[bytes], None]:
        if self.begun:
            raise RuntimeError("start_response was called after the response had begun")
        code, _, reason = status.partition(" ")
        self._status = int(code)
        self._head = [f"HTTP/1.1 {code} {reason or reasons.get(int(code), 'Unknown')}"]
        self._has_length = False
        dated = False
        for name, value in headers:
            lowered = name.lower()
            if lowered in ("connection", "keep-alive", "transfer-encoding"):
                continue
            self._has_length = self._has_length or lowered == "content-length"
            dated = dated or lowered == "date"
            self._head.append(f"{name}: {value}".replace("\r", " ").replace("\n", " "))
        if not dated:
            self._head.append(f"Date: {formatdate(usegmt=True)}")
        return self._early.append

    def send(self, body: Iterable[bytes]) -> None:
        if isinstance(body, list | tuple):
            self._send_whole(b"".join(body))
            return
        chunks = iter(body)
        first = next(chunks, b"")
        second = next(chunks, None)
        if second is None:
            self._send_whole(first)
            return
        framed = self._begin_streaming()
        for chunk in (*self._early, first, second):
            self._send_chunk(chunk, framed)
        for chunk in chunks:
            self._send_chunk(chunk, framed)
        if framed:
            self._connection.sendall(b"0\r\n\r\n")

    def _bodiless(self) -> bool:
        return self._request.method == "HEAD" or self._status in BODILESS

    def _send_whole(self, body: bytes) -> None:
        if self._status is None:
            raise RuntimeError("the application did not call start_response")
        if self._early:
            body = b"".join((*self._early, body))
        if not self._has_length and self._status not in BODILESS:
            self._head.append(f"Content-Length: {len(body)}")
        if self._bodiless():
            body = b""
        head = self._take_head()
        if len(body) <= ONE_PACKET:
            self._connection.sendall(head + body)
        else:
            self._connection.sendall(head)
            self._connection.sendall(body)

    def _begin_streaming(self) -> bool:
        if self._status is None:
            raise RuntimeError("the application did not call start_response")
        framed = not self._has_length and not self._bodiless()
        if framed and self._request.version == "HTTP/1.0":
            framed, self.closes = False, True
        if framed:
            self._head.append("Transfer-Encoding: chunked")
        self._connection.sendall(self._take_head())
        return framed

    def _take_head(self) -> bytes:
        self.begun = True
        if self.closes:
            self._head.append("Connection: close")
        elif self._request.version == "HTTP/1.0":
            self._head.append("Connection: keep-alive")
        return ("\r\n".join(self._head) + "\r\n\r\n").encode("latin-1", "replace")

    def _send_chunk(self, chunk: bytes, framed: bool) -> None:
        if not chunk or self._bodiless():
            return
        if framed:
            chunk = b"%x\r\n%b\r\n" % (len(chunk), chunk)
        self._connection.sendall(chunk)


def _plain_response(status: int, message: str) -> bytes:
    body = message.encode()
    return (
        f"HTTP/1.1 {status} {reasons[status]}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


_servers: weakref.WeakSet[Server] = weakref.WeakSet()


def _forget_servers() -> None:
    for server in list(_servers):
        server._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_servers)
