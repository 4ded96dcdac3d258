"""The Runtime API: what a runtime may send, and how."""

from __future__ import annotations

import socket
from http.client import HTTPResponse

import pytest

from labsupport.functions.environments.runtime_api import VERSION, RuntimeApi, RuntimeCall

HEAD = f"POST {VERSION}x HTTP/1.1\r\nHost: x\r\nA-Header: \x85 1 \r\n".encode("latin-1")
PLAIN = f"GET {VERSION}y HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"Content-Length: 2\r\n\r\n{}"],
        [HEAD + b"Content-", b"Length: 2\r\n\r\n{}"],
        [HEAD + b"Content-Length: 2\r\n\r\n{", b"}"],
        [HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", b"{}"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n0\r\n\r\n"],
    ],
    ids=[
        "whole",
        "head in pieces",
        "body in pieces",
        "body when expected",
        "chunks",
        "chunks later",
    ],
)
def test_a_call_is_read_however_it_comes(pieces: list[bytes]) -> None:
    api = RuntimeApi()
    host, _, port = api.address.partition(":")
    with socket.create_connection((host, int(port))) as runtime:
        api.wait(1)

        def heard(*pieces: bytes) -> RuntimeCall:
            for piece in pieces[:-1]:
                runtime.sendall(piece)
                assert api.wait(1) == []
            runtime.sendall(pieces[-1])
            (call,) = api.wait(1)
            assert isinstance(call, RuntimeCall)
            return call

        def answered() -> tuple[int, str | None, bytes]:
            answer = HTTPResponse(runtime)
            answer.begin()
            return answer.status, answer.getheader("A-Header"), answer.read()

        for _ in range(2):  # the connection is kept
            call = heard(*pieces)
            assert (call.method, call.path, call.body) == ("POST", "x", b"{}")
            assert call.headers["a-header"] == "\x85 1"
            call.answer(202, b"well", [("A-Header", "2")])
            assert answered() == (202, "2", b"well")
            call = heard(PLAIN)
            assert (call.method, call.path, call.body) == ("GET", "y", b"")
            call.answer(200)
            assert answered() == (200, None, b"")
    api.close()
