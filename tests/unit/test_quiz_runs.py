"""Outputs to be predicted are those the code prints, and lab questions see the lab cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course.requirements import ROOT
from labsupport import Lab
from quizzes import lab_checks, load_bank
from quizzes.kinds.predict import lines_of
from quizzes.lab_checks import Found
from quizzes.model import Lab as LabQuestion
from quizzes.model import Predict, Question

IN_A_LAB = "from labsupport import Lab\nLab.start(speed=1000)\n"
PREDICTED = [
    (question, seed)
    for question in load_bank().values()
    if isinstance(question, Predict)
    for seed in (range(3) if question.parameters else range(1))
]


def printed(code: str, *, lab: bool = False) -> list[str]:
    """What the code prints in a Python of its own."""
    result = subprocess.run(
        [sys.executable, "-c", IN_A_LAB * lab + code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return lines_of(result.stdout)


@pytest.mark.parametrize(
    ("question", "seed"), PREDICTED, ids=[f"{each.id}-{seed}" for each, seed in PREDICTED]
)
def test_code_prints_what_the_bank_says(question: Predict, seed: int) -> None:
    one = question.instance(seed)
    assert printed(one.code, lab=one.runs_in == "lab") == lines_of(one.printed())


def test_code_of_a_question_may_use_a_lab() -> None:
    code = "import boto3\nprint(len(boto3.client('lambda').list_functions()['Functions']))"
    assert printed(code, lab=True) == ["0"]


@pytest.fixture
def no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def lab(no_lab: None) -> Iterator[Lab]:
    with Lab.start(speed=1000) as lab:
        yield lab


def lab_questions() -> list[LabQuestion]:
    return [each for each in load_bank().values() if isinstance(each, LabQuestion)]


def till() -> Question:
    return load_bank()["first-function-repair"]


@pytest.mark.usefixtures("no_lab")
def test_without_a_lab_the_question_is_not_attempted() -> None:
    for question in lab_questions():
        grade = question.grade(None)
        assert grade.outcome == "not attempted"
        assert "start one with `Lab.start()`" in grade.feedback


@pytest.mark.parametrize(
    "endpoint", ["https://lambda.us-east-1.amazonaws.com", "http://10.0.0.1:80", "http://[::", "x"]
)
def test_an_endpoint_elsewhere_is_not_asked(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setattr(lab_checks, "_client", pytest.fail)
    assert till().grade(None).outcome == "not attempted"


def test_a_lab_that_is_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    grade = till().grade(None)
    assert grade.outcome == "not attempted"
    assert "does not answer" in grade.feedback


@pytest.mark.usefixtures("lab")
def test_a_lab_question_sees_the_cloud_on_its_way_to_the_answer() -> None:
    import boto3

    question = till()
    assert isinstance(question, LabQuestion)
    assert question.grade(None).outcome == "wrong"
    exec(question.start or "", {})
    failing = question.grade("whatever is typed")
    assert (failing.outcome, failing.score) == ("wrong", 0)
    assert "Runtime.ImportModuleError" in failing.feedback
    client = boto3.client("lambda")
    client.update_function_configuration(FunctionName="till", Handler="cash.handler")
    half = question.grade(None)
    assert (half.outcome, half.score) == ("partly", 0.5)
    client.update_function_configuration(FunctionName="till", Handler="cash.pay")
    right = question.grade(None)
    assert right.outcome == "right"
    assert question.kept(None) is None
    assert question.again(None, "right", 1.0).outcome == "right"
    assert question.again(None, "wrong", 0.0).outcome == "wrong"


def test_a_check_that_the_lab_refuses_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def refused(clients: object) -> Found:
        raise ClientError({"Error": {"Code": "X", "Message": "Not allowed."}}, "Invoke")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(lab_checks, "find", lambda name: refused)
    assert till().grade(None).feedback.endswith("looked at: Not allowed.")


def test_checks_use_nothing_but_boto3_and_their_own_package() -> None:
    import ast

    allowed = {"boto3", "botocore", "quizzes", *sys.stdlib_module_names}
    for path in Path(lab_checks.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= allowed
