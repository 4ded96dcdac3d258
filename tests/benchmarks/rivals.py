"""What the lab is measured against: bare awslambdaric, moto's own no-op invoke, ministack."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HANDLER = "def handler(event, context):\n    return event\n"


class BareRuntimeApi:
    """The least that awslambdaric needs: one event after another over keep-alive HTTP."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.event = threading.Semaphore(0)
        self.answered = threading.Semaphore(0)
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                api.asked.release()
                api.event.acquire()
                self._answer(200, b"{}")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(202, b"")
                api.answered.release()

            def _answer(self, status: int, body: bytes) -> None:
                deadline = int(time.time() * 1000) + 3000
                self.send_response(status)
                self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def bare_cold_ms() -> float:
    """Start `python -m awslambdaric` and see one event through, on the bare Runtime API."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "index.py").write_text(HANDLER)
        api = BareRuntimeApi()
        api.event.release()
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "index.handler"],
            cwd=folder,
            env={"AWS_LAMBDA_RUNTIME_API": api.address, "PATH": os.environ["PATH"]},
        )
        assert api.answered.acquire(timeout=30)
        taken = (time.perf_counter() - begin) * 1000
        process.kill()
        process.wait()
        api.close()
    return taken


@contextmanager
def ministack() -> Iterator[dict[str, str]]:
    """ministack's server, installed apart; its address as keyword arguments for boto3."""
    home = Path(sys.prefix) / "benchmark-rivals"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        requirements = str(HERE / "requirements.txt")
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [python, "-m", "ministack"],
        env={**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "ministack does not start"
                time.sleep(0.1)
        yield {
            "endpoint_url": f"http://127.0.0.1:{port}",
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }
    finally:
        server.terminate()
        server.wait(timeout=30)
