"""A running JupyterLab, for the browser tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from course.requirements import ROOT

CopyCourse = Callable[[str], Path]
PATIENCE = 60_000  # milliseconds; 2 cores start a kernel and JupyterLab in far less
LAUNCH = (
    "import sys; from pathlib import Path; from course import launch; "
    "sys.exit(launch.main(sys.argv[2:], Path(sys.argv[1])))"
)


@dataclass(frozen=True)
class Served:
    """A running JupyterLab: its address with the token, its folder, its process."""

    address: str
    root: Path
    progress: Path
    pid: int

    @property
    def origin(self) -> str:
        """The address without path and token."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.address))

    @property
    def query(self) -> str:
        """The token, as it stands in an address."""
        return urlsplit(self.address).query


@contextmanager
def serving(root: Path, keyboard: int = subprocess.DEVNULL) -> Iterator[Served]:
    """Run JupyterLab on a folder for the length of a ``with``, in a process of its own."""
    progress = root / "progress.db"
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(root), "--no-browser", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "COURSE_PROGRESS": str(progress), "PYTHONPATH": str(ROOT)},
        stdin=keyboard,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(PATIENCE / 1000, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            found = (re.search(r"http://\S+", line) for line in process.stdout)
            address = next((match[0] for match in found if match), None)
            watchdog.cancel()
            assert address, "JupyterLab did not start"
            yield Served(address, root, progress, process.pid)
        finally:
            watchdog.cancel()
            process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError("JupyterLab did not stop on Ctrl-C") from None


def end_kernels(served: Served) -> None:
    """Shut down every kernel of a server."""
    for kernel in call(served, "GET", "kernels"):
        call(served, "DELETE", f"kernels/{kernel['id']}")


def call(served: Served, method: str, path: str) -> Any:
    """Ask Jupyter's REST API."""
    request = urllib.request.Request(f"{served.origin}/api/{path}?{served.query}", method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read() or "null")
