"""The Runtime API of one execution environment, over HTTP on 127.0.0.1.

docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html describes it: the runtime asks for the next
event with GET /runtime/invocation/next and waits; it hands in the result with POST …/response or
…/error, or says with POST /runtime/init/error that it couldn't start.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import h11

VERSION = "/2018-06-01/runtime/"
_LISTENER = "listener"
_MODE = b"lambda-runtime-function-response-mode"
_HEAD = re.compile(rb"(GET|POST) ([!-~]+) HTTP/1\.1\r\n((?:[\w-]+:[^\r\n\0]*\r\n)*)\r\n")
_IN_PARTS = frozenset({"transfer-encoding", _MODE.decode()})
_MAPPED = "0000000000000000FFFF0000"  # an IPv4 address in an IPv6 socket, in /proc/net/tcp6


@dataclass
class RuntimeCall:
    """One call of the runtime: its path below VERSION, its headers (lower case), its body.

    A streamed response comes as many, each with a part of the body, all but the last not
    `complete`; the last has the trailers among its headers.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: _Connection
    complete: bool = True

    def answer(
        self, status: int, body: bytes = b"", headers: list[tuple[str, str]] | None = None
    ) -> None:
        """Answer the call. An answer the runtime no longer waits for is dropped."""
        self.connection.send(status, body, headers or [])


class _Connection:
    """One connection of the runtime client.

    A plain call that has come as a whole, as nearly all do, is read here: h11, which reads all
    others, takes a tenth of the time that a warm invocation has.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.closed = False
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._streams = False
        self._amid = False  # a call that h11 reads

    def receive(self) -> list[RuntimeCall] | None:
        """Read what has come; the calls that are now complete, or None when the peer has gone."""
        try:
            data = self.socket.recv(1 << 18)
            if not self._amid and (call := self._whole(data)):
                return [call]
            self._amid = True
            self._http.receive_data(data)
            calls = list(self._calls())
        except (OSError, h11.RemoteProtocolError):
            return None
        return calls if data or calls else None

    def _whole(self, data: bytes) -> RuntimeCall | None:
        head = _HEAD.match(data)
        if head is None:
            return None
        fields = (line.partition(b":") for line in head[3].splitlines())
        headers = {
            name.decode().lower(): value.strip().decode("latin-1") for name, _, value in fields
        }
        body = data[head.end() :]
        if _IN_PARTS & headers.keys() or headers.get("content-length", "0") != str(len(body)):
            return None
        path = head[2].decode().removeprefix(VERSION)
        return RuntimeCall(head[1].decode(), path, headers, body, self)

    def _calls(self) -> Iterator[RuntimeCall]:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._request, self._body = event, []
                self._streams = dict(event.headers).get(_MODE, b"").lower() == b"streaming"
            elif isinstance(event, h11.Data) and self._streams:
                yield self._call(bytes(event.data), complete=False)
            elif isinstance(event, h11.Data):
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                yield self._call(b"".join(self._body), event.headers)
                return
            else:
                return

    def _call(self, body: bytes, trailers: Any = (), *, complete: bool = True) -> RuntimeCall:
        assert self._request is not None
        request = self._request
        headers = [*request.headers, *trailers]
        return RuntimeCall(
            request.method.decode(),
            request.target.decode().removeprefix(VERSION),
            {name.decode(): value.decode("latin-1") for name, value in headers},
            body,
            self,
            complete,
        )

    def send(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        fields = (f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 {status} \r\n{''.join(fields)}Content-Length: {len(body)}\r\n\r\n"
        with contextlib.suppress(OSError):
            self.socket.settimeout(10)
            self.socket.sendall(head.encode() + body)
        if self._http.their_state is h11.DONE:
            self._http, self._amid = h11.Connection(h11.SERVER), False


class RuntimeApi:
    """Listens for one environment's runtime, and waits for whatever comes next.

    Descriptors that matter during the same wait (the log, the end of the process) are watched too.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, _LISTENER)

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API is set to."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def watch(self, descriptor: Any, name: str) -> None:
        """Have `wait` report when the descriptor can be read."""
        self._selector.register(descriptor, selectors.EVENT_READ, name)

    def unwatch(self, descriptor: Any) -> None:
        """Stop watching a descriptor."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)

    def wait(self, seconds: float) -> list[RuntimeCall | str]:
        """What has happened by then: calls of the runtime, names of watched descriptors."""
        happened: list[RuntimeCall | str] = []
        for key, _ in self._selector.select(max(seconds, 0.0)):
            if key.data == _LISTENER:
                self._accept()
            elif isinstance(key.data, str):
                happened.append(key.data)
            else:
                calls = key.data.receive()
                if calls is None:
                    self._drop(key.data)
                else:
                    happened += calls
        return happened

    def _accept(self) -> None:
        sock, peer = self._listener.accept()
        if not _is_ours(peer, sock.getsockname()):
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, _Connection(sock))

    def disconnect(self) -> None:
        """Drop the connections of a runtime that has ended."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Connection):
                self._drop(key.data)

    def _drop(self, connection: _Connection) -> None:
        self._selector.unregister(connection.socket)
        connection.socket.close()
        connection.closed = True

    def close(self) -> None:
        """Stop listening."""
        self.disconnect()
        self._selector.close()
        self._listener.close()


def _is_ours(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Whether the process that connected belongs to this user; others of the machine must not."""
    if sys.platform != "linux":
        return True
    import os

    ends = [_as_listed(peer), _as_listed(here)]
    for table, prefix in (("tcp", ""), ("tcp6", _MAPPED)):
        wanted = [prefix + end for end in ends]
        with contextlib.suppress(OSError), open(f"/proc/net/{table}") as lines:
            for line in lines:
                fields = line.split()
                if fields[1:3] == wanted:
                    return fields[7] == str(os.getuid())
    return True


def _as_listed(address: tuple[str, int]) -> str:
    """An address as /proc/net/tcp has it."""
    host = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{host:08X}:{address[1]:04X}"
