"""The HTTP server under the lab's door: large bodies, odd clients, its end."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from labsupport.httpserver import Server

DEADLINE = 10.0
App = Callable[[dict[str, Any], Any], Iterable[bytes]]


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the body."""
    stream = environ["wsgi.input"]
    ends = environ.get("wsgi.input_terminated")
    body = stream.read() if ends else stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def refuse(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("403 Forbidden", [("Content-Length", "2")])
    return [b"no"]


@pytest.fixture
def serve() -> Iterator[Callable[[App], Server]]:
    servers: list[Server] = []

    def start(app: App) -> Server:
        servers.append(Server(app))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def post(server: Server, body: Any, **more: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    connection.request("POST", "/", body, **more)
    response = connection.getresponse()
    return response.status, response.read()


def test_a_body_of_many_megabytes_arrives_whole(serve: Callable[[App], Server]) -> None:
    body = os.urandom(12_000_000)
    assert post(serve(echo), body) == (200, body)


def test_a_chunked_body_is_decoded(serve: Callable[[App], Server]) -> None:
    assert post(serve(echo), iter([b"one", b"two"]), encode_chunked=True) == (200, b"onetwo")


def test_a_refused_client_gets_its_answer_though_nobody_reads_its_body(
    serve: Callable[[App], Server],
) -> None:
    server = serve(refuse)
    for size in (10, 3_000_000):
        assert post(server, b"x" * size) == (403, b"no")


def test_neither_slow_nor_vanishing_clients_hold_up_others(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    slow = socket.create_connection(("127.0.0.1", server.port))
    slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    gone = socket.create_connection(("127.0.0.1", server.port))
    gone.sendall(b"POST / HT")
    gone.close()
    assert post(server, b"quick") == (200, b"quick")
    slow.close()


def test_many_clients_at_once_are_all_served(serve: Callable[[App], Server]) -> None:
    together = threading.Barrier(40)

    def meet(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        together.wait(DEADLINE)
        return echo(environ, start_response)

    server, found = serve(meet), []
    threads = [threading.Thread(target=lambda: found.append(post(server, b"x"))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert found == [(200, b"x")] * 40


def test_close_frees_the_port_at_once(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    Server(echo, server.port).close()


def test_a_port_in_use_is_an_os_error(serve: Callable[[App], Server]) -> None:
    with pytest.raises(OSError, match="in use"):
        Server(echo, serve(echo).port)


def test_a_forked_child_does_not_hold_the_port(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"x")
        os.read(done[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        assert post(server, b"x") == (200, b"x")
        server.close()
        Server(echo, server.port).close()
    finally:
        os.write(done[1], b"x")
        os.waitpid(child, 0)


def test_a_stranger_who_speaks_no_http_is_turned_away_in_silence(
    serve: Callable[[App], Server], caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(echo)
    caplog.set_level("INFO")
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE) as stranger:
        stranger.sendall(b"\xff\x00\x00\x00%\x7f\r\n\r\n")
        assert b"400" in stranger.recv(4096)
    assert post(server, b"hello") == (200, b"hello")
    assert not caplog.records
