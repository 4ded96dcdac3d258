"""Werkzeug's threaded server, which moto's own server runs on, made fit for the lab."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True
    timeout = 300.0  # seconds without a byte from the client

    def make_environ(self) -> dict[str, Any]:
        """Keep the headers as they were sent, too: WSGI joins them and forgets their case."""
        environ: dict[str, Any] = super().make_environ()
        environ["labsupport.headers"] = self.headers.items()
        return environ

    def log(self, *_: Any) -> None:
        """Keep quiet of requests, malformed ones too: a learner's notebook is no place for them."""


class _HttpServer(ThreadedWSGIServer):
    daemon_threads = True
    block_on_close = False


class Server:
    """Serve `app` on 127.0.0.1 from daemon threads until `close` is called.

    A thread serves each connection: a handler that waits for another function, or for S3, can't
    use up a pool. `port` 0 picks a free one. Raises `OSError` when the port cannot be had.
    """

    def __init__(self, app: WSGIApplication, port: int = 0) -> None:
        try:
            listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        except OverflowError as error:
            raise OSError(str(error)) from error
        with listener:
            self.port: int = listener.getsockname()[1]
            self._server = _HttpServer(
                "127.0.0.1", self.port, app, handler=_Handler, fd=listener.fileno()
            )
        self._closed = False
        threading.Thread(target=self._server.serve_forever, name="lab-http", daemon=True).start()
        _servers.add(self)

    def close(self) -> None:
        """Stop listening. Calling it twice does no harm."""
        if self._closed:
            return
        self._closed = True
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with contextlib.suppress(OSError):  # wakes the server, which otherwise looks twice a second
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        ending.join()
        self._server.server_close()

    def _forget(self) -> None:
        """In a forked child: leave the port to the parent."""
        self._closed = True
        self._server.socket.close()


_servers: weakref.WeakSet[Server] = weakref.WeakSet()


def _forget_all() -> None:
    for server in _servers:
        server._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
