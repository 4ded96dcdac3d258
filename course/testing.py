"""``python3 -m course test``: the linter, the formatter, the type checker, then every test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course import launch
from course.requirements import ROOT

WITH_NOTEBOOKS = ("--nbval", "--nbval-sanitize-with", "tests/notebooks/sanitize.cfg")
NOTEBOOKS = ("notebooks", "course/instructor")
NO_BROWSER = (
    "Chromium was not found, so the browser tests cannot run: install it with your system's "
    "package manager (`apt install chromium`) or with `python -m playwright install chromium` in "
    "the course's environment, or name it in the variable COURSE_CHROMIUM."
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER_FILES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)


@dataclass(frozen=True)
class Step:
    """One tool of the test run and how it went."""

    name: str
    passed: bool
    seconds: float


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome for the browser tests, None if there is none."""
    named = os.environ.get("COURSE_CHROMIUM")
    if named:
        return shutil.which(named)
    for path in (*map(shutil.which, BROWSERS), *BROWSER_FILES):
        if path and Path(path).is_file():
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def pytest_arguments(given: Sequence[str]) -> list[str]:
    """Return pytest's arguments: those given, the notebooks too unless they name what to run."""
    if any((ROOT / each.partition("::")[0]).exists() for each in given if each[:1] != "-"):
        return list(given)
    if not (ROOT / WITH_NOTEBOOKS[-1]).is_file():
        return ["tests", *given]
    notebooks = [each for each in NOTEBOOKS if any((ROOT / each).glob("*.ipynb"))]
    return [*WITH_NOTEBOOKS, "tests", *notebooks, *given]


def run(name: str, arguments: Sequence[str]) -> Step:
    """Run a Python tool in the repository and say how it went."""
    print(f"\n== {name} ==", flush=True)
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False)
    return Step(name, done.returncode == 0, time.monotonic() - started)


def main(argv: list[str]) -> int:
    """Run everything, print a summary, return 0 when all of it passed."""
    with tempfile.TemporaryDirectory(prefix="course-test-") as folder:
        launch.isolate(Path(folder) / "jupyter")
        os.environ["COURSE_PROGRESS"] = str(Path(folder) / "progress.db")
        steps = [
            run("ruff check", ["ruff", "check", "."]),
            run("ruff format", ["ruff", "format", "--check", "."]),
            run("mypy", ["mypy"]),
            run("pytest", ["pytest", *pytest_arguments(argv)]),
        ]
    print("\n== summary ==")
    for step in steps:
        print(f"{'passed' if step.passed else 'FAILED':<7} {step.name:<12} {step.seconds:6.1f} s")
    if find_chromium() is None:
        print(f"NOT RUN browser tests. {NO_BROWSER}")
    return 0 if all(step.passed for step in steps) else 1
