"""Figures: what each says, that it can be read, and that it is the same every time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

import pytest
from matplotlib import colors, style
from matplotlib.text import Annotation, Text

from course.outline import ROOT
from course.sanitizing import sanitized
from labsupport import figures
from labsupport.errors import LabValueError
from labsupport.figures import Picture
from labsupport.figures.picture import STYLE, spread_out
from labsupport.history import Invocation
from labsupport.pricing import EVENING, Provisioned, Workload, lambda_cost, options

WORK = Workload(requests=0, duration_ms=120, memory_mb=1769, shape=EVENING, burst=2)
WAYS = {
    "Lambda": options.on_demand(),
    "Fargate": options.fargate(),
    "EC2": options.ec2("t4g.small"),
}
REQUESTS = range(0, 50_000_001, 10_000_000)
DURATIONS = {128: [800.0, 900.0, 810.0], 512: [200.0, 210.0], 1769: [70.0]}
COSTS = {128: Decimal("0.0000019"), 512: Decimal("0.0000017"), 1769: Decimal("0.0000022")}


def invocation(
    number: int, started: float, duration_ms: float, init_ms: float | None
) -> Invocation:
    return Invocation(
        request_id=str(number),
        function_arn="arn",
        version="$LATEST",
        environment=str(number % 4),
        started=datetime.fromtimestamp(started, UTC),
        real_started=started,
        duration_ms=duration_ms,
        billed_ms=int(duration_ms) + 1,
        init_ms=init_ms,
        memory_mb=128,
        max_memory_mb=40,
        function_error="",
        status="success",
        error_type="",
        invocation_type="RequestResponse",
    )


RECORD = [
    invocation(number, number * 0.02, 20 + number % 37, 100 + number if number % 10 == 0 else None)
    for number in range(120)
]
DRAWN: dict[str, Callable[[], Picture]] = {
    "requests": lambda: figures.cost_against_requests(REQUESTS, duration_ms=120, memory_mb=512),
    "memory": lambda: figures.cost_against_memory(
        [128, 512, 1769, 10_240], requests=10**7, duration_ms=100.5
    ),
    "duration": lambda: figures.cost_against_duration([1, 100, 3000], requests=5, memory_mb=128),
    "free tier": lambda: figures.free_tier_edge(duration_ms=1000, memory_mb=1024),
    "x86 and Arm": lambda: figures.x86_against_arm(requests=10**6, duration_ms=100, memory_mb=512),
    "options": lambda: figures.options_against_requests(WAYS, WORK, REQUESTS),
    "bill": lambda: figures.bill_by_line(
        lambda_cost(
            requests=10**6,
            duration_ms=100,
            memory_mb=1024,
            ephemeral_mb=10_240,
            provisioned=Provisioned(10, 100, 10**6, 80),
        )
    ),
    "power tuning": lambda: figures.power_tuning(DURATIONS, COSTS),
    "concurrency": lambda: figures.concurrency_over_time(RECORD),
    "cold starts": lambda: figures.cold_starts(RECORD),
    "durations": lambda: figures.durations(RECORD),
}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    return {name: draw() for name, draw in DRAWN.items()}


@pytest.fixture(params=DRAWN)
def picture(request: pytest.FixtureRequest, pictures: dict[str, Picture]) -> Picture:
    return pictures[request.param]


def texts(picture: Picture) -> list[Text]:
    return [each for each in picture.figure.findobj(Text) if each.get_text() and each.get_visible()]


def contrast_to_white(colour: Any) -> float:
    """WCAG 2.2's contrast ratio."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colors.to_rgb(colour)
    ]
    return 1.05 / (sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True)) + 0.05)


def test_every_text_is_large_dark_and_inside(picture: Picture) -> None:
    picture.figure.draw_without_rendering()
    whole = picture.figure.bbox
    for each in texts(picture):
        assert each.get_fontsize() >= 10, each
        assert contrast_to_white(each.get_color()) >= 4.5, each
        if any(
            each in [*axes.get_xticklabels(), *axes.get_yticklabels()]
            for axes in picture.figure.axes
        ):
            continue  # some of these are beyond the axis and not drawn
        box = each.get_window_extent()
        assert box.x0 >= 0, each
        assert box.x1 <= whole.x1 + 1, each
        assert box.y1 <= whole.y1 + 1, each


def test_labels_lie_on_no_other_label(picture: Picture) -> None:
    picture.figure.draw_without_rendering()
    for axes in picture.figure.axes:
        labels = [each for each in texts(picture) if isinstance(each, Annotation)]
        labels += [axes.title, axes._left_title]
        boxes = [Text.get_window_extent(each) for each in labels if each.get_text()]
        assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_no_colour_of_the_style_is_too_light_for_lines_or_their_labels() -> None:
    with style.context(STYLE):
        from matplotlib import rcParams

        cycle = list(rcParams["axes.prop_cycle"])
    assert all(contrast_to_white(each["color"]) >= 4.5 for each in cycle)
    looks = [(each["color"], each["marker"]) for each in cycle]
    assert len(set(looks)) == len(looks)
    assert all(one["linestyle"] != two["linestyle"] for one, two in pairwise(cycle))
    assert contrast_to_white("#FFFF00") < 1.1
    assert contrast_to_white("black") > 20.9


def test_axes_have_units_and_never_a_second_scale(picture: Picture) -> None:
    boxes = [axes.get_position().bounds for axes in picture.figure.axes]
    assert len(set(boxes)) == len(boxes), "two axes in one place would be a dual axis"
    assert picture.figure.axes[-1].get_xlabel()
    assert all(axes.get_ylabel() for axes in picture.figure.axes) or picture.head[0] == "line"


def test_what_it_says_is_in_words_and_numbers(picture: Picture) -> None:
    text, markup = str(picture), picture._repr_html_()
    assert text.startswith(picture.title)
    assert f'<img alt="{picture.title}. ' in markup
    assert all(len(row) == len(picture.head) for row in picture.rows)
    assert all(cell in text and cell in markup for row in picture.rows for cell in row)
    titles = [axes.get_title("left").replace("\n", " ") for axes in picture.figure.axes]
    assert titles[0] == picture.title
    assert set(picture._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_same_numbers_give_the_same_bytes(pictures: dict[str, Picture], tmp_path: Any) -> None:
    for name in ("options", "durations"):
        assert DRAWN[name]().png == pictures[name].png, name
    code = (
        "import hashlib; from tests.unit.test_figures import DRAWN;"
        "print(hashlib.sha256(DRAWN['options']().png).hexdigest())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=60
        ).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_comparing_notebooks_minds_the_numbers_and_not_the_image_or_what_was_measured(
    pictures: dict[str, Picture],
) -> None:
    def compared(picture: Picture) -> str:
        return json.dumps(sanitized(picture._repr_mimebundle_()))

    one = pictures["free tier"]
    other = replace(one, figure=pictures["bill"].figure, _png=[])
    assert one._repr_html_() != other._repr_html_()
    assert compared(one) == compared(other)
    changed = replace(one, rows=[*one.rows[:-1], ("800,000", "6.68")])
    assert compared(one) != compared(changed)

    slower = [replace(each, duration_ms=each.duration_ms * 30) for each in RECORD]
    assert compared(pictures["durations"]) == compared(figures.durations(slower))
    assert compared(pictures["durations"]) != compared(figures.durations(slower[1:]))


# What each of them states


def test_cost_curves_tell_what_pricing_works_out(pictures: dict[str, Picture]) -> None:
    bill = lambda_cost(requests=50_000_000, duration_ms=120, memory_mb=512)
    assert pictures["requests"].rows[-1][:2] == ("50,000,000", f"{bill.exact_total:,.2f}")
    assert pictures["requests"].title == "Arm costs 16% less at 50,000,000 requests a month"
    assert pictures["memory"].title == "Arm costs 20% less at 10,240 MB"
    lines = pictures["requests"].figure.axes[0].get_lines()
    assert [len(line.get_markevery()) for line in lines] == [len(REQUESTS)] * 2
    nothing = figures.cost_against_requests([1, 2], duration_ms=1, memory_mb=128)
    assert nothing.title == "Arm and x86 both cost USD 0.00 at 2 requests a month"


@pytest.mark.parametrize(
    ("duration_ms", "memory_mb", "edge", "which"),
    [(1000, 1024, "400,000", "GB-seconds"), (1, 128, "1,000,000", "requests")],
)
def test_the_free_tier_ends_where_a_bill_begins(
    duration_ms: int, memory_mb: int, edge: str, which: str
) -> None:
    picture = figures.free_tier_edge(duration_ms=duration_ms, memory_mb=memory_mb)
    assert picture.title == f"{edge} requests a month use up the free {which}"
    count = int(edge.replace(",", ""))
    assert (
        lambda_cost(requests=count, duration_ms=duration_ms, memory_mb=memory_mb).exact_total == 0
    )
    more = lambda_cost(requests=count + 1, duration_ms=duration_ms, memory_mb=memory_mb)
    assert more.exact_total > 0


def test_arm_may_be_a_quarter_slower(pictures: dict[str, Picture]) -> None:
    costs = [
        lambda_cost(
            requests=10**6,
            duration_ms=duration,
            memory_mb=512,
            architecture=architecture,
            free_tier=False,
        ).exact_total
        for duration, architecture in ((100, "x86_64"), (124, "arm64"), (125, "arm64"))
    ]
    assert costs[1] <= costs[0] < costs[2]
    assert pictures["x86 and Arm"].title.endswith("unless it is more than 24% slower")


def test_crossings_are_marked_where_they_were_computed(pictures: dict[str, Picture]) -> None:
    picture = pictures["options"]
    marked = [
        int(line.get_xdata()[0])
        for line in picture.figure.axes[0].get_lines()
        if len(line.get_xdata()) == 1
    ]
    assert marked
    for edge in marked:
        assert f"from {edge:,} on" in picture.alt
    assert f"{min(marked):,} requests a month" in picture.title
    alone = {"Lambda": WAYS["Lambda"], "EC2": options.own_server(10**6)}
    never = figures.options_against_requests(alone, WORK, REQUESTS)
    assert never.title == "At every number of requests shown, Lambda costs least"


def test_power_tuning_shows_every_measurement_and_says_how_many(
    pictures: dict[str, Picture],
) -> None:
    picture = pictures["power tuning"]
    above, below = picture.figure.axes
    dots = [line for line in above.get_lines() if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == 6
    assert any(each.get_text().startswith("6 measured") for each in texts(picture))
    assert picture.title == "512 MB is the cheapest, 1,769 MB the fastest"
    assert above.get_shared_x_axes().joined(above, below)


def test_concurrency_counts_what_overlapped() -> None:
    record = [
        invocation(0, 10, 100, None),
        invocation(1, 10.05, 100, 50),
        invocation(2, 10.2, 9, None),
    ]
    picture = figures.concurrency_over_time(record)
    assert picture.rows == [("3", "2", "3")]


def test_percentiles_of_too_few_measurements_are_left_out() -> None:
    picture = figures.durations(RECORD[:12])
    assert picture.rows[0][:4] == ("12", "≈ 25.0", "≈ 30.0", "too few")
    assert "one in a hundred" not in picture.title
    once = figures.cold_starts(RECORD[:1])
    assert once.title == "1 of 1 was a cold start; its Init took ≈ 100 ms"


def test_labels_keep_apart_and_stay_near_their_lines() -> None:
    assert spread_out([0.0, 0.5, 1.0], 0.1) == [0.0, 0.5, 1.0]
    assert spread_out([0.5, 0.5, 0.52], 0.1) == pytest.approx([0.4067, 0.5067, 0.6067], abs=1e-4)
    crowded = spread_out([0.1, 0.11, 0.3, 0.31, 0.33, 0.9], 0.1)
    assert all(two - one >= 0.1 - 1e-9 for one, two in pairwise(crowded))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.cost_against_requests([], duration_ms=1, memory_mb=128),
        lambda: figures.cost_against_requests([-1, 1], duration_ms=1, memory_mb=128),
        lambda: figures.cost_against_requests(["many"], duration_ms=1, memory_mb=128),
        lambda: figures.cost_against_memory([64], requests=1, duration_ms=1),
        lambda: figures.free_tier_edge(duration_ms="long", memory_mb=128),
        lambda: figures.x86_against_arm(requests=0, duration_ms=100, memory_mb=128),
        lambda: figures.x86_against_arm(requests=1, duration_ms=900_000, memory_mb=128),
        lambda: figures.options_against_requests({}, WORK, [1]),
        lambda: figures.options_against_requests(WAYS, WORK, [1.5]),
        lambda: figures.power_tuning({}, {}),
        lambda: figures.power_tuning({128: [1.0]}, {}),
        lambda: figures.durations([]),
        lambda: figures.cold_starts([invocation(0, 0, 1, None)]),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(draw: Callable[[], Picture]) -> None:
    with pytest.raises(LabValueError) as caught:
        draw()
    assert "\n" not in str(caught.value)
