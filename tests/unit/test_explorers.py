"""Explorers without a page: what they answer, and what the page is told."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from labsupport import notebook
from labsupport.errors import LabValueError
from labsupport.explorers import Explorer, compute_chooser, compute_explorer, cost_explorer
from labsupport.explorers.bars import bars
from labsupport.explorers.controls import Choice, Slider, stops
from labsupport.explorers.widget import ExplorerWidget
from labsupport.pricing import OFFICE, Workload, compare, crossover, lambda_cost, options

BOTH = [cost_explorer, compute_explorer]


def test_cost_is_the_bill_line_by_line() -> None:
    panel = cost_explorer(requests=3_000_000, duration_ms=120, memory_mb=1536)
    assert panel.answer.finding == (
        "USD 2.73 a month, 85% of it for compute; on Arm it would be USD 2.27."
    )
    answer = panel.set(architecture="arm64", free_tier=False)
    bill = lambda_cost(
        requests=3_000_000,
        duration_ms=120,
        memory_mb=1536,
        architecture="arm64",
        free_tier=False,
    )
    assert answer.rows[-1][:2] == ("total", f"{bill.total:,}")
    assert answer.rows[0] == ("requests", "0.60", bill.items[0].formula)
    assert panel.set(requests=0).finding.startswith("USD 0.00 a month; on x86")


def test_compute_is_the_comparison_with_its_crossovers() -> None:
    panel = compute_explorer(requests=10_000_000, duration_ms=120, memory_mb=512, burst=2)
    work = Workload(10_000_000, 120, 512, OFFICE, 2)
    comparison = compare(work)
    assert [row[0] for row in panel.answer.rows] == list(comparison.bills)
    assert f"{comparison.cheapest} costs least" in panel.answer.finding
    rows = {row[0]: row for row in panel.answer.rows}
    edge = crossover(options.on_demand(), options.ec2(), work)
    assert rows["EC2"][2:] == ("24.19", f"{edge:,}")
    assert rows["Lambda on demand"][3] == "–"
    assert panel.answer.notes == comparison.assumptions


@pytest.mark.parametrize("make", BOTH)
def test_without_a_page_it_is_text_and_a_static_figure(make: Any) -> None:
    panel = make()
    assert set(panel._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert panel.answer.finding in str(panel)
    markup = panel._repr_html_()
    assert 'role="img" aria-label="Bars' in markup
    assert all(cell in str(panel) for row in panel.answer.rows for cell in row)
    assert "<details><summary>Taken for granted" in markup


@pytest.mark.parametrize("make", BOTH)
def test_a_change_is_worked_out_in_far_less_than_150_ms(make: Any) -> None:
    panel = make()
    begin = time.process_time()
    for step in range(10):
        panel.set(requests=10**step, duration_ms=10 + step)
    assert (time.process_time() - begin) / 10 < 0.1


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (cost_explorer, {"requests": -1}),
        (cost_explorer, {"requests": 1.5}),
        (cost_explorer, {"requests": None}),
        (cost_explorer, {"requests": 10**30}),
        (cost_explorer, {"duration_ms": "long"}),
        (cost_explorer, {"memory_mb": 64}),
        (cost_explorer, {"architecture": "mips"}),
        (cost_explorer, {"colour": "red"}),
        (compute_explorer, {"shape": "moon"}),
        (compute_explorer, {"shape": []}),
        (compute_explorer, {"burst": 0.5}),
        (compute_explorer, {"memory_mb": 20_000}),
        (compute_chooser, {"takes": "ages"}),
        (compute_chooser, {"load": ["rare"]}),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_loses_nothing(
    make: Any, wrong: dict[str, Any]
) -> None:
    panel = make()
    before = panel.values, panel.answer
    with pytest.raises(LabValueError) as caught:
        panel.set(**wrong)
    assert "\n" not in str(caught.value)
    assert (panel.values, panel.answer) == before


FIRST_CHOICES = [
    ({"load": "rare"}, "Lambda, on demand"),
    ({"takes": "waits"}, "Lambda, on demand"),
    ({"takes": "longer", "waits": "nobody"}, "containers on Amazon ECS"),
    ({"takes": "hours"}, "containers on Amazon ECS"),
    ({"load": "steady"}, "Lambda Managed Instances"),
    ({"keeps": "sessions"}, "containers on Amazon ECS"),
    ({"needs": "gpu"}, "Lambda Managed Instances"),
    ({"needs": "system"}, "virtual machines on Amazon EC2"),
    ({"waits": "instant"}, "virtual machines on Amazon EC2"),
]


@pytest.mark.parametrize(("answers", "first"), FIRST_CHOICES)
def test_the_chooser_puts_first_what_the_answers_speak_for(
    answers: dict[str, Any], first: str
) -> None:
    panel = compute_chooser(**answers)
    assert panel.answer.finding.startswith(f"First choice: {first} (fits")
    assert panel.answer.rows[0][0] == first
    assert panel.answer.finding in str(panel)


def test_the_chooser_has_an_answer_with_reasons_for_whatever_is_chosen() -> None:
    panel = compute_chooser()
    choices = {each.name: each.options for each in panel.controls if isinstance(each, Choice)}
    for chosen in product(*choices.values()):
        answer = panel.set(**dict(zip(choices, chosen, strict=True)))
        ways = [row[0] for row in answer.rows]
        assert "(does not fit)" not in answer.finding.split(". Then")[0]
        assert len(set(ways)) == 4
        assert all(row[2] for row in answer.rows)


def test_what_is_ruled_out_gives_only_the_reasons_for_that() -> None:
    rows = compute_chooser(takes="hours", load="rare").answer.rows
    spoken = [row[1:] for row in rows if row[0] == "Lambda, on demand"]
    assert spoken == [("rules it out", "an invocation lasts at most 900 seconds")]


def test_sliders_stop_within_bounds_at_round_values() -> None:
    assert stops(1, 20) == [1, 1.5, 2, 3, 5, 7, 10, 15, 20]
    assert stops(1000, 3000) == [1000, 1500, 2000, 3000]
    for make in BOTH:
        for control in make().controls:
            if isinstance(control, Slider):
                assert list(control.stops) == sorted(set(control.stops))


def test_bars_say_in_words_what_they_show_and_bear_any_name() -> None:
    markup = bars([("<a>", Decimal(2)), ("b", Decimal(1))], 'two "bars"', marked="b")
    assert "<a>" not in markup
    assert 'aria-label="two &quot;bars&quot;"' in markup
    assert "width: 75.00%" in markup
    assert "width: 37.50%" in markup
    assert "▸ b" in markup
    assert "width: 0.00%" in bars([("nothing", Decimal(0))], "none")


# What the page is told


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Explorer:
    """A panel that is shown in a notebook."""
    monkeypatch.setattr(notebook, "shell", SimpleNamespace)
    made = cost_explorer()
    bundle = made._repr_mimebundle_()
    assert {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"} <= set(bundle)
    return made


def widget_of(panel: Explorer) -> ExplorerWidget:
    assert panel._widget is not None
    return panel._widget


def test_the_page_is_answered_with_its_serial_number(panel: Explorer) -> None:
    widget = widget_of(panel)
    widget._receive(widget, {"serial": "a-1", "values": panel.values | {"requests": 10**9}}, [])
    assert panel.values["requests"] == 10**9
    assert widget.shown["serial"] == "a-1"
    assert widget.shown["finding"] == panel.answer.finding
    assert widget.shown["html"] == panel.answer.as_html()


def test_the_page_keeps_what_it_shows_when_a_value_makes_no_sense(panel: Explorer) -> None:
    widget = widget_of(panel)
    before = widget.shown
    widget._receive(widget, {"serial": "a-1", "values": {"memory_mb": 64}}, [])
    assert widget.shown["error"].startswith("memory_mb=64 is out of range")
    assert widget.shown["html"] == before["html"]
    widget._receive(widget, {"serial": "a-2", "values": {"memory_mb": 128}}, [])
    assert widget.shown["error"] == ""
    assert [widget.shown["serial"], widget.shown["version"]] == ["a-2", 2]


def test_a_change_in_python_is_shown_in_the_page(panel: Explorer) -> None:
    panel.set(memory_mb=256)
    assert widget_of(panel).shown["values"]["memory_mb"] == 256
    assert widget_of(panel).shown["version"] == 1
