"""The two exported lock files say what uv.lock says, and are read as pip reads them."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from course import requirements
from course.requirements import LAB_LOCK, ROOT, TEST_LOCK

LOCKED: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]


def wanted(dependencies: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Follow the dependencies in uv.lock from these; return names and versions."""
    reached: set[tuple[str, str, str]] = set()
    waiting = list(dependencies)
    while waiting:
        dependency = waiting.pop()
        for package in LOCKED:
            name, version = package["name"], package["version"]
            if name != dependency["name"] or version != dependency.get("version", version):
                continue
            for extra in ["", *dependency.get("extra", [])]:
                if (name, version, extra) not in reached:
                    reached.add((name, version, extra))
                    optional = package.get("optional-dependencies", {}).get(extra, [])
                    waiting += optional if extra else package.get("dependencies", [])
    return {(name, version) for name, version, _ in reached}


def project() -> dict[str, Any]:
    return next(each for each in LOCKED if each["name"] == "cold-start")


def hashes(lock: Path) -> dict[tuple[str, str], set[str]]:
    """Return the hashes in an exported file, by name and version."""
    entries = re.split(r"\n(?=\S)", lock.read_text())
    return {
        (match[1], match[2]): set(re.findall(r"--hash=(\S+)", entry))
        for entry in entries
        if (match := re.match(r"([\w.-]+)==([\w.]+)", entry))
    }


@pytest.mark.parametrize("lock", [LAB_LOCK, TEST_LOCK], ids=["lab", "test"])
def test_export_has_the_versions_and_hashes_of_the_lock(lock: Path) -> None:
    dependencies = project()["dependencies"]
    if lock == TEST_LOCK:
        dependencies = dependencies + project()["dev-dependencies"]["dev"]
    exported = hashes(lock)
    assert set(exported) == wanted(dependencies)
    for package in LOCKED:
        pin = (package["name"], package["version"])
        if pin in exported:
            files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
            assert exported[pin] == {each["hash"] for each in files}


@pytest.mark.parametrize("lock", [LAB_LOCK, TEST_LOCK], ids=["lab", "test"])
def test_export_names_no_machine_and_no_index(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"(^|\s)(/|~|[A-Z]:\\)", text)
    assert text.splitlines()[1].startswith("#    uv export --locked ")
    assert text.splitlines()[1].endswith(f" -o {lock.relative_to(ROOT).as_posix()}")


def test_an_environment_with_everything_is_recognised() -> None:
    assert requirements.satisfied(TEST_LOCK)
    assert requirements.satisfied(LAB_LOCK)


@pytest.mark.parametrize(
    ("line", "enough"),
    [
        (f"pytest=={importlib.metadata.version('pytest')} \\", True),
        ("pytest==0.0.1 \\", False),
        ("no-such-package-at-all==1.0 \\", False),
        ("no-such-package-at-all==1.0 ; sys_platform == 'nowhere' \\", True),
    ],
)
def test_versions_and_markers_decide_what_is_missing(
    line: str, enough: bool, tmp_path: Path
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# a comment\n{line}\n    --hash=sha256:00\n")
    assert requirements.satisfied(lock) is enough
