"""The HTTP server under the lab's door: framing, kept-alive connections, odd clients."""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from labsupport.httprequest import BadRequest, read_request
from labsupport.httpserver import Server

DEADLINE = 10.0
App = Callable[[dict[str, Any], Any], Iterable[bytes]]


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with the method, the path, the query and the body."""
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    chunked = environ.get("wsgi.input_terminated")
    body = stream.read() if chunked else stream.read(int(length or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    head = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} "
    return [head.encode("latin-1") + body]


def ignore_body(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("403 Forbidden", [])
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


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE)


def answers(connection: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """Read `count` responses off one connection."""
    found = []
    stream = connection.makefile("rb")
    for _ in range(count):
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        found.append((status, stream.read(length)))
    return found


def test_one_connection_carries_many_requests(serve: Callable[[App], Server]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", serve(echo).port, timeout=DEADLINE)
    client.request("GET", "/a?b=1")
    assert client.getresponse().read() == b"GET /a b=1 "
    used = client.sock
    client.request("PUT", "/c", body=b"xyz")
    assert client.getresponse().read() == b"PUT /c  xyz"
    assert client.sock is used


def test_pipelined_requests_are_answered_in_order(serve: Callable[[App], Server]) -> None:
    with connect(serve(echo)) as connection:
        connection.sendall(
            b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
            b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        assert answers(connection, 2) == [(200, b"POST /1  abc"), (200, b"GET /2  ")]


@pytest.mark.parametrize("size", [10, 3 * 1024 * 1024])
def test_a_body_nobody_reads_is_not_taken_for_the_next_request(
    serve: Callable[[App], Server], size: int
) -> None:
    body = b"GET /smuggled HTTP/1.1\r\n\r\n" + b"x" * size
    with connect(serve(ignore_body)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        connection.sendall(b"GET /next HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert answers(connection, 2) == [(403, b"no"), (403, b"no")]
        assert connection.recv(1) == b""


def test_a_chunked_body_is_decoded(serve: Callable[[App], Server]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", serve(echo).port, timeout=DEADLINE)
    client.request("POST", "/", body=iter([b"one ", b"two"]), encode_chunked=True)
    assert client.getresponse().read() == b"POST /  one two"
    client.request("GET", "/after")
    assert client.getresponse().read() == b"GET /after  "


def test_a_body_of_many_megabytes_arrives_whole(serve: Callable[[App], Server]) -> None:
    body = os.urandom(9 * 1024 * 1024)
    client = http.client.HTTPConnection("127.0.0.1", serve(echo).port, timeout=DEADLINE)
    client.request("POST", "/", body=body)
    assert client.getresponse().read() == b"POST /  " + body


def test_a_client_that_waits_for_leave_to_send_gets_it(serve: Callable[[App], Server]) -> None:
    with connect(serve(echo)) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert answers(connection, 1) == [(200, b"PUT /  ok")]


def test_a_refused_client_is_never_asked_for_its_body(serve: Callable[[App], Server]) -> None:
    with connect(serve(ignore_body)) as connection:
        connection.sendall(b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        assert answers(connection, 1) == [(403, b"no")]
        assert connection.recv(1) == b""


def test_head_has_the_length_but_no_body(serve: Callable[[App], Server]) -> None:
    client = http.client.HTTPConnection("127.0.0.1", serve(echo).port, timeout=DEADLINE)
    client.request("HEAD", "/x")
    response = client.getresponse()
    assert (response.getheader("Content-Length"), response.read()) == ("9", b"")
    client.request("GET", "/y")
    assert client.getresponse().read() == b"GET /y  "


def test_an_answer_in_pieces_is_sent_in_chunks(serve: Callable[[App], Server]) -> None:
    def pieces(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        yield from (b"a", b"", b"bc", b"d" * 100_000)

    client = http.client.HTTPConnection("127.0.0.1", serve(pieces).port, timeout=DEADLINE)
    for _ in range(2):
        client.request("GET", "/")
        response = client.getresponse()
        assert response.getheader("Transfer-Encoding") == "chunked"
        assert response.read() == b"abc" + b"d" * 100_000


def test_an_http_1_0_client_gets_a_closed_connection(serve: Callable[[App], Server]) -> None:
    with connect(serve(echo)) as connection:
        connection.sendall(b"GET /old HTTP/1.0\r\n\r\n")
        assert answers(connection, 1) == [(200, b"GET /old  ")]
        assert connection.recv(1) == b""


def test_no_content_has_neither_body_nor_length(serve: Callable[[App], Server]) -> None:
    def no_content(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("204 No Content", [])
        return []

    client = http.client.HTTPConnection("127.0.0.1", serve(no_content).port, timeout=DEADLINE)
    client.request("GET", "/")
    response = client.getresponse()
    assert (response.status, response.getheader("Content-Length"), response.read()) == (
        204,
        None,
        b"",
    )


def test_a_fault_in_the_application_is_a_500(serve: Callable[[App], Server]) -> None:
    def faulty(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise KeyError("oops")

    client = http.client.HTTPConnection("127.0.0.1", serve(faulty).port, timeout=DEADLINE)
    client.request("GET", "/")
    assert client.getresponse().status == 500


def test_a_client_that_vanishes_harms_nobody_else(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    for request in (b"", b"GET", b"POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\nabc"):
        connection = connect(server)
        connection.sendall(request)
        connection.close()
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    client.request("GET", "/still-here")
    assert client.getresponse().read() == b"GET /still-here  "


def test_a_slow_client_does_not_hold_up_another(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    with connect(server) as slow:
        slow.sendall(b"POST /slow HTTP/1.1\r\nContent-Le")
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
        client.request("GET", "/quick")
        assert client.getresponse().read() == b"GET /quick  "
        slow.sendall(b"ngth: 1\r\n\r\n!")
        assert answers(slow, 1) == [(200, b"POST /slow  !")]


def test_close_ends_connections_and_frees_the_port(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    with connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answers(connection, 1)
        server.close()
        server.close()
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionError):
        connect(server)
    Server(echo, server.port).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_neither_holds_the_port_nor_ends_connections(
    serve: Callable[[App], Server],
) -> None:
    server = serve(echo)
    with connect(server) as connection:
        connection.sendall(b"GET /1 HTTP/1.1\r\n\r\n")
        answers(connection, 1)
        stay, go = os.pipe()
        closed, close = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go)
            server.close()
            os.write(close, b"x")
            os.read(stay, 1)
            os._exit(0)
        os.close(stay)
        try:
            os.read(closed, 1)
            connection.sendall(b"GET /2 HTTP/1.1\r\n\r\n")
            assert answers(connection, 1) == [(200, b"GET /2  ")]
            server.close()
            with pytest.raises(ConnectionError):
                connect(server)
        finally:
            for end in (go, closed, close):
                os.close(end)
            os.waitpid(child, 0)


def test_headers_of_s3_metadata_keep_their_underscores(serve: Callable[[App], Server]) -> None:
    seen: list[dict[str, Any]] = []

    def note(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    client = http.client.HTTPConnection("127.0.0.1", serve(note).port, timeout=DEADLINE)
    headers = {"x-amz-meta-my_key": "v", "X_Amz_Target": "forged", "X-Amz-Target": "real"}
    client.request("PUT", "/k%2Fey%20%C3%BC", headers=headers)
    client.getresponse().read()
    assert seen[0]["HTTP_X_AMZ_META_MY_KEY"] == "v"
    assert seen[0]["moto.preserved_header_names"] == {"HTTP_X_AMZ_META_MY_KEY": "x-amz-meta-my_key"}
    assert seen[0]["HTTP_X_AMZ_TARGET"] == "real"
    assert seen[0]["PATH_INFO"] == "/k/ey ü".encode().decode("latin-1")
    assert seen[0]["RAW_URI"].startswith("/k%2Fey%20")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01 TLS\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nSpace : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n",
    ],
)
def test_an_ambiguous_request_is_refused(head: bytes) -> None:
    with pytest.raises(BadRequest):
        read_request(io.BufferedReader(io.BytesIO(head)), lambda data: None)  # type: ignore[arg-type]


def test_a_malformed_request_gets_400_and_a_closed_connection(
    serve: Callable[[App], Server],
) -> None:
    with connect(serve(echo)) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert answers(connection, 1)[0][0] == 400
        assert connection.recv(1) == b""


def test_many_clients_at_once_are_all_served(serve: Callable[[App], Server]) -> None:
    server = serve(echo)
    results: list[bytes] = []

    def ask(number: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
        client.request("POST", f"/{number}", body=b"x" * number)
        results.append(client.getresponse().read())
        client.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert sorted(results) == sorted(f"POST /{n}  ".encode() + b"x" * n for n in range(40))
