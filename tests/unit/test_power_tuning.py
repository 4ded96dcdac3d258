"""Power tuning: real invocations at each memory size, three choices, nothing left changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from labsupport import Lab, LabError, power_tune, power_tuning, progress
from labsupport.errors import LabValueError
from labsupport.power_tuning import PowerTuning
from labsupport.pricing import lambda_cost
from tests.unit.functions_lab import Lambda

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals that stop")

WORK = """
def handler(event, context):
    assert event.get("least", 0) <= int(context.memory_limit_in_mb), "too small"
    total = 0
    for number in range(event.get("rounds", 0)):
        total += number
    return total
"""


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        made = Lambda(lab)
        made.create(WORK, MemorySize=300, Timeout=30)
        yield made


@pytest.fixture(autouse=True)
def as_before(functions: Lambda) -> Iterator[None]:
    """Whatever happens, the function and the lab are left as they were."""
    functions.lab.cpu_share = None
    yield
    settings = functions.client.get_function_configuration(FunctionName="f")
    assert (settings["MemorySize"], settings["LastUpdateStatus"]) == (300, "Successful")
    assert functions.lab.cpu_share is None


def test_really_invokes_at_each_memory_size(functions: Lambda) -> None:
    before = len(functions.lab.history.invocations)
    tuning = power_tune("f", {"rounds": 200_000}, memories=[1769, 128], invocations=3)
    records = functions.lab.history.invocations[before:]
    assert [each.memory_mb for each in records] == [128] * 4 + [1769] * 4
    assert {size: len(each) for size, each in tuning.durations_ms.items()} == {128: 3, 1769: 3}
    assert tuning.durations_ms[128] == [each.duration_ms for each in records[1:4]]
    assert {size: len(each) for size, each in tuning.inits_ms.items()} == {128: 1, 1769: 1}
    assert tuning.medians_ms[128] > 2 * tuning.medians_ms[1769], "13.8 times less of a vCPU"
    expected = lambda_cost(
        requests=1, duration_ms=tuning.medians_ms[128], memory_mb=128, free_tier=False
    )
    assert tuning.costs_usd[128] == expected.exact_total
    assert "Of 6 measured invocations of f, " in str(tuning)
    assert "<p>Of 6 measured" in tuning._repr_mimebundle_()["text/html"]


def made(**of: tuple[float, str]) -> PowerTuning:
    durations = {int(size[1:]): [each[0]] for size, each in of.items()}
    costs = {int(size[1:]): Decimal(each[1]) for size, each in of.items()}
    return PowerTuning("f", "x86_64", durations, costs, {})


def test_choices_are_those_of_the_tool_it_follows() -> None:
    tuning = made(m128=(1000, "3"), m512=(250, "3.1"), m1024=(200, "6"), m2048=(200, "9"))
    assert (tuning.cheapest, tuning.fastest) == (128, 1024)
    assert tuning.balanced() == 512
    assert (tuning.balanced(0), tuning.balanced(1)) == (1024, 128)
    with pytest.raises(LabValueError):
        tuning.balanced(1.5)
    same = made(m128=(300, "3"), m256=(200, "3"))
    assert (same.cheapest, same.fastest) == (256, 256)


def test_an_error_of_the_function_is_told_in_a_sentence(functions: Lambda) -> None:
    with pytest.raises(LabError) as caught:
        power_tune("f", {"least": 200}, memories=[128, 256], invocations=1)
    assert str(caught.value) == (
        "f failed at 128 MB, so it was not tuned any further: AssertionError: too small."
    )


def test_an_interrupt_puts_everything_back(
    functions: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def interrupted(lab: Lab, *_: Any) -> None:
        seen.append(lab.cpu_share)
        raise KeyboardInterrupt

    monkeypatch.setattr(power_tuning, "_invoke", interrupted)
    with pytest.raises(KeyboardInterrupt):
        power_tune("f", memories=[128], invocations=1)
    assert seen == ["aws"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"function": "absent"}, "tuned: ResourceNotFoundException: Function not found"),
        ({"function": "f:1"}, "could not be tuned"),
        ({"function": 5}, "could not be tuned"),
        ({"payload": {1, 2}}, "nothing that JSON can hold"),
        ({"payload": b"{"}, "Could not parse"),
        ({"memories": []}, "names no sizes"),
        ({"memories": "128"}, "names no sizes"),
        ({"memories": [64]}, "out of range"),
        ({"memories": ["much"]}, "is no number"),
        ({"invocations": 0}, "out of range"),
        ({"invocations": 2.5}, "not a whole number"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_a_sentence(
    arguments: dict[str, Any], words: str
) -> None:
    call: dict[str, Any] = {"function": "f", "memories": [300], "invocations": 1} | arguments
    with pytest.raises(LabError, match=words) as caught:
        power_tune(call.pop("function"), **call)
    assert "\n" not in str(caught.value)


def test_without_a_lab_it_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lab, "_current", None)
    with pytest.raises(LabError, match=r"Lab\.start\(\)"):
        power_tune("f")


def test_progress_is_one_line_that_moves_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with progress.Progress("Tuning", 2) as moving:
        moving.step("first")
        moving.step("second")
    shown = capsys.readouterr().out
    assert [each.strip() for each in shown.split("\r")] == [
        "",
        "Tuning: 0%, first",
        "Tuning: 50%, second",
        "Tuning: done",
    ]
    assert shown.count("\n") == 1


def test_progress_in_a_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with progress.Progress("Tuning", 2) as still:
            still.step("first")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capsys.readouterr().out == "Tuning: stopped\n"


def test_progress_in_a_notebook_is_an_html_value(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    shell = SimpleNamespace(kernel=object(), display_pub=SimpleNamespace(publish=shown.append))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    in_page = SimpleNamespace(value="")
    monkeypatch.setitem(
        sys.modules,
        "ipywidgets",
        SimpleNamespace(
            HTML=lambda text: SimpleNamespace(
                value=text, _repr_mimebundle_=lambda: {"text/plain": "HTML()", "view": in_page}
            )
        ),
    )
    with progress.Progress("Tuning <f>", 4) as told:
        told.step("first")
        assert told._widget.value == "Tuning &lt;f&gt;: 0%, first"
    assert shown == [{"text/plain": "Tuning <f>", "view": in_page}]
    assert told._widget.value == "Tuning &lt;f&gt;: done"
