"""A real JupyterLab, started as ``python3 -m course lab`` starts it, and a real Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from course.requirements import ROOT
from course.testing import NO_BROWSER, find_chromium
from tests.browser.steps import PATIENCE, Served, in_ci

LAUNCH = (
    "import sys; from pathlib import Path; from course import launch; "
    "sys.exit(launch.main(sys.argv[2:], Path(sys.argv[1])))"
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CopyCourse = Callable[[str], Path]
REPORT = pytest.StashKey[pytest.TestReport]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(240))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[REPORT] = report
    return report


@contextmanager
def serving(root: Path, *options: str) -> Iterator[Served]:
    """Run JupyterLab on a folder for the length of a ``with``, in a process of its own."""
    progress = root / "progress.db"
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(root), "--no-browser", "--port", "0", *options],
        cwd=ROOT,
        env={**os.environ, "COURSE_PROGRESS": str(progress), "PYTHONPATH": str(ROOT)},
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
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory: pytest.TempPathFactory) -> CopyCourse:
    """Make a folder with a copy of the notebooks, to be changed at will."""

    def copy(name: str) -> Path:
        root = tmp_path_factory.mktemp(name)
        leave = shutil.ignore_patterns(".ipynb_checkpoints")
        for folder in ("notebooks", "course/instructor"):
            if (ROOT / folder).is_dir():
                shutil.copytree(ROOT / folder, root / folder, ignore=leave)
        config = root / ".jupyter-data" / "config"
        config.mkdir(parents=True)
        exposed = {"LabApp": {"expose_app_in_browser": True}}
        (config / "jupyter_server_config.json").write_text(json.dumps(exposed))
        return root

    return copy


@pytest.fixture(scope="session")
def jupyterlab(course_copy: CopyCourse) -> Iterator[Served]:
    """JupyterLab on a copy of the notebooks, with progress of its own."""
    with serving(course_copy("lab")) as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium without a window. Without one, tests fail in CI and are reported elsewhere."""
    path = find_chromium()
    if path is None:
        if in_ci():
            pytest.fail(NO_BROWSER, pytrace=False)
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """A new browser window; when the test fails, what it showed is kept as a picture."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    window = context.new_page()
    said: list[str] = []
    window.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    window.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
    yield window
    report = request.node.stash.get(REPORT, None)
    if report is not None and report.failed:
        picture = tmp_path / "screenshot.png"
        window.screenshot(path=picture)
        print(f"\nscreenshot: {picture}\nthe page's console:", *said[-30:], sep="\n  ")
    context.close()


@pytest.fixture(autouse=True)
def no_kernel_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Shut down the kernels that a test has started."""
    yield
    if "jupyterlab" in request.fixturenames:
        end_kernels(request.getfixturevalue("jupyterlab"))


def end_kernels(served: Served) -> None:
    """Shut down every kernel of a server."""
    for kernel in call(served, "GET", "kernels"):
        call(served, "DELETE", f"kernels/{kernel['id']}")


def call(served: Served, method: str, path: str) -> Any:
    """Ask Jupyter's REST API."""
    request = urllib.request.Request(f"{served.origin}/api/{path}?{served.query}", method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read() or "null")
