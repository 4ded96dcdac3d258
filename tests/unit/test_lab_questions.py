"""Lab questions of the exam see in a real lab what is right, half done and wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from quizzes import load_bank
from quizzes.grading import Grade
from quizzes.model import Lab as LabQuestion


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with Lab.start(speed=1000) as lab:
        yield lab


class Task:
    """A lab question whose block has been run in the lab, after a look at the empty cloud."""

    def __init__(self, name: str) -> None:
        question = load_bank()[name]
        assert isinstance(question, LabQuestion)
        self.question = question
        assert self.seen()[:2] == ("wrong", 0)
        exec(question.start or "", {})

    def seen(self) -> tuple[str, float, str]:
        """Outcome, score and text of a look at the cloud as it is."""
        grade: Grade = self.question.grade(None)
        return grade.outcome, grade.score, grade.feedback


def test_a_bucket_must_keep_the_functions_own_objects_from_it() -> None:
    task = Task("event-sources-prefix")
    thumbs = boto3.client("lambda").get_function_configuration(FunctionName="thumbs")

    def notify(*rules: tuple[str, str], events: str = "s3:ObjectCreated:*") -> tuple[str, float]:
        named = [{"Name": name, "Value": value} for name, value in rules]
        one = {"LambdaFunctionArn": thumbs["FunctionArn"], "Events": [events]}
        wanted: Any = {
            "LambdaFunctionConfigurations": [one | {"Filter": {"Key": {"FilterRules": named}}}]
        }
        boto3.client("s3").put_bucket_notification_configuration(
            Bucket="photo-uploads", NotificationConfiguration=wanted
        )
        return task.seen()[:2]

    assert task.seen()[:2] == ("wrong", 0)
    assert "thumbs/cat.jpg" in task.seen()[2]
    assert notify(("suffix", ".jpg")) == ("wrong", 0)
    assert notify(("prefix", "incoming/"), events="s3:ObjectRemoved:*") == ("wrong", 0)
    assert notify(("prefix", "in/")) == ("partly", 0.5)
    assert notify(("prefix", "incoming/"), ("suffix", ".jpg")) == ("partly", 0.8)
    assert notify(("prefix", "incoming/")) == ("right", 1)


def test_a_mapping_must_have_size_window_and_reports() -> None:
    task = Task("event-source-mappings-settings")
    functions = boto3.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName="label")["EventSourceMappings"]

    def set_to(**settings: Any) -> tuple[str, float]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], **settings)
        return task.seen()[:2]

    assert task.seen()[:2] == ("wrong", 0)
    assert set_to(FunctionResponseTypes=["ReportBatchItemFailures"]) == ("partly", 0.33)
    assert set_to(BatchSize=50, MaximumBatchingWindowInSeconds=2) == ("partly", 0.67)
    assert "MaximumBatchingWindowInSeconds is 2" in task.seen()[2]
    assert set_to(MaximumBatchingWindowInSeconds=5) == ("right", 1)


def test_a_function_must_name_another_version_of_the_layer_than_the_first() -> None:
    task = Task("packaging-and-layers-newest")
    functions = boto3.client("lambda")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("python/words.py", "word = 'coffee'")

    def publish_and_name(*versions: int) -> tuple[str, float]:
        arn = functions.publish_layer_version(
            LayerName="quiz-words", Content={"ZipFile": archive.getvalue()}
        )["LayerArn"]
        functions.update_function_configuration(
            FunctionName="quiz-menu", Layers=[f"{arn}:{version}" for version in versions]
        )
        return task.seen()[:2]

    assert task.seen()[:2] == ("wrong", 0)
    assert publish_and_name(1) == ("partly", 0.5)
    assert publish_and_name() == ("partly", 0.5)
    assert publish_and_name(2) == ("right", 1)
    assert publish_and_name(5) == ("right", 1)


def test_an_alias_must_send_a_tenth_to_the_new_version() -> None:
    task = Task("packaging-and-layers-canary")
    functions = boto3.client("lambda")

    def lead_to(version: str, **weights: float) -> tuple[str, float]:
        named = {name.removeprefix("v"): weight for name, weight in weights.items()}
        functions.update_alias(
            FunctionName="price",
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": named},
        )
        return task.seen()[:2]

    assert task.seen()[:2] == ("wrong", 0)
    assert lead_to("2") == ("wrong", 0)
    assert lead_to("1", v2=0.5) == ("partly", 0.5)
    assert "50% to version 2" in task.seen()[2]
    assert lead_to("2", v1=0.9) == ("right", 1)
    assert lead_to("1", v2=0.1) == ("right", 1)
    shown = functions.invoke(FunctionName="price", Qualifier="2", Payload="{}")
    assert shown["Payload"].read() == b"90"


def test_both_functions_must_have_their_share() -> None:
    task = Task("concurrency-and-scaling-shares")
    functions = boto3.client("lambda")

    def reserve(name: str, number: int) -> tuple[str, float]:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=number)
        return task.seen()[:2]

    assert task.seen()[:2] == ("wrong", 0)
    assert reserve("report", 20) == ("wrong", 0)
    assert "`checkout` has reserved nothing" in task.seen()[2]
    assert reserve("report", 5) == ("partly", 0.5)
    assert reserve("checkout", 20) == ("right", 1)
