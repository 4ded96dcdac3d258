"""The checks of lesson 10 accept what is right and nothing that people write instead."""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from course import check
from course.lessons import find_exercise
from course.pip_command import pip_command
from labsupport import Lab
from tests.unit.test_exercises import define

NAMES = ("layer_zip", "move_users", "choose_package", "shift")
PACK = """def layer_zip(package):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(package.rglob("*")):
            if {wanted}:
                file.write(path, {inside})
    return archive.getvalue()
"""
USED = {"io": io, "zipfile": zipfile, "Path": Path, "boto3": boto3}
INSIDE = "Path('python') / path.relative_to(package)"
CLEAN = "path.is_file() and '__pycache__' not in path.parts"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def solution(name: str) -> str:
    return find_exercise(f"packaging_and_layers.{name}").solution


def outcome(name: str, code: str) -> str:
    learners = define(code, **USED)
    return str(check(f"packaging_and_layers.{name}", learners).outcome)


@pytest.mark.parametrize("name", NAMES)
def test_the_lessons_solution_is_accepted_and_leaves_nothing_behind(lab: Lab, name: str) -> None:
    functions = boto3.client("lambda")
    assert outcome(name, solution(name)) == "passed"
    assert functions.list_functions()["Functions"] == []
    assert functions.list_layers()["Layers"] == []


@pytest.mark.parametrize(
    ("wanted", "inside"),
    [
        (CLEAN, "path.relative_to(package)"),
        (CLEAN, "Path('python') / path.parent.name / path.name"),
        (CLEAN, "Path('python') / package.name / path.relative_to(package)"),
        ("path.is_file()", INSIDE),
        (f"{CLEAN} and path.suffix == '.py'", INSIDE),
    ],
)
def test_layer_zip_sends_back_what_lies_elsewhere_or_is_left_behind(
    lab: Lab, wanted: str, inside: str
) -> None:
    assert outcome("layer_zip", PACK.format(wanted=wanted, inside=inside)) == "not yet"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('start, moved = newest.rpartition(":")[0] + ":", []', "start, moved = newest[:-2], []"),
        ("Layers=wanted", "Layers=[newest]"),
        ("if wanted != has:", "if has:"),
        ('["LayerVersions"][0]', '["LayerVersions"][-1]'),
        ("return sorted(moved)", "return len(moved)"),
    ],
)
def test_move_users_sends_back_other_moves(lab: Lab, right: str, wrong: str) -> None:
    code = solution("move_users")
    assert right in code
    assert outcome("move_users", code.replace(right, wrong)) != "passed"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("unzipped_mb > 250", "unzipped_mb >= 250"),
        ("unzipped_mb > 250", "zipped_mb > 250"),
        ("zipped_mb > 50", "unzipped_mb > 50"),
        ("10 * 1024", "10 * 1000"),
    ],
)
def test_choose_package_sends_back_other_limits(right: str, wrong: str) -> None:
    code = solution("choose_package")
    assert right in code
    assert outcome("choose_package", code.replace(right, wrong)) == "not yet"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version if share == 1 else before", "version"),
        ("version if share == 1 else before", "before"),
    ],
)
def test_shift_sends_back_other_weights(lab: Lab, right: str, wrong: str) -> None:
    code = solution("shift")
    assert right in code
    assert outcome("shift", code.replace(right, wrong)) != "passed"


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_exercise_is_not_attempted(name: str) -> None:
    stub = find_exercise(f"packaging_and_layers.{name}").stub
    assert outcome(name, stub) == "not attempted"


def test_pip_is_this_environments_own_or_the_one_that_python_carries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sys.executable in pip_command()
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else found(name)
    )
    assert "pip-" in pip_command()
