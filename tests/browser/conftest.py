"""A real JupyterLab, started as ``python3 -m course lab`` starts it, and a real Chromium."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from course.requirements import ROOT
from course.testing import NO_BROWSER, find_chromium
from tests.browser.served import CopyCourse, Served, end_kernels, serving

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
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
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
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
