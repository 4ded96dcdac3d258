"""The timeline: what is drawn of the record, how waits are cut, and that it is quick."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest
from matplotlib.text import Annotation, Text

from labsupport import Lab
from labsupport.errors import LabValueError
from labsupport.figures import Picture
from labsupport.history import EventAttempt, Invocation, Phase, Record, Throttle
from labsupport.views.lanes import Moment, arrange
from labsupport.views.timeline import LANES, ROWS, timeline
from labsupport.views.waits import Axis, spoken
from tests.unit.functions_lab import Lambda

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
BEGIN = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


def invocation(number: int, at: float, ms: float = 50, **more: Any) -> Invocation:
    known: dict[str, Any] = {
        "request_id": f"request-{number}",
        "function_arn": f"{ARN}f",
        "version": "$LATEST",
        "environment": "e",
        "started": BEGIN + timedelta(seconds=at * 60),
        "real_started": 1000 + at,
        "duration_ms": ms,
        "billed_ms": int(ms) + 1,
        "init_ms": None,
        "memory_mb": 128,
        "max_memory_mb": 40,
        "function_error": "",
        "status": "success",
        "error_type": "",
        "invocation_type": "RequestResponse",
    }
    return Invocation(**(known | more))


def init(at: float, ms: float = 100, **more: Any) -> Phase:
    known: dict[str, Any] = {
        "environment": "e",
        "function_arn": f"{ARN}f",
        "version": "$LATEST",
        "phase": "init",
        "started": BEGIN + timedelta(seconds=at * 60),
        "real_started": 1000 + at,
        "duration_ms": ms,
    }
    return Phase(**(known | more))


def throttle(number: int, at: float) -> Throttle:
    return Throttle(
        f"request-{number}",
        f"{ARN}f",
        "f",
        "RequestResponse",
        "ConcurrentInvocationLimitExceeded",
        BEGIN + timedelta(seconds=at * 60),
        1000 + at,
    )


COLD: list[Record] = [init(0.001), invocation(0, 0, init_ms=100.0), invocation(1, 0.2)]


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def labels_apart(picture: Picture) -> None:
    picture.figure.draw_without_rendering()
    (axes,) = picture.figure.axes
    found = [t for t in picture.figure.findobj(Annotation) if t.get_text()] + [axes._left_title]
    boxes = [Text.get_window_extent(each) for each in found]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(box.x1 <= picture.figure.bbox.x1 + 1 for box in boxes)


def test_what_really_happened_is_shown(cloud: Lambda) -> None:
    cloud.create(
        "import time\ndef handler(event, context):\n"
        "    if event.get('fail'): raise ValueError\n    time.sleep(event.get('s', 0.2))\n",
        Timeout=1,
    )
    cloud.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=2)
    threads = [threading.Thread(target=_invoke, args=(cloud,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cloud.client.invoke(FunctionName="f", Payload=b'{"fail": 1}', InvocationType="Event")
    cloud.lab.clock.advance(minutes=5)
    cloud.invoke(b'{"s": 3}')
    picture = cloud.lab.timeline()
    assert picture.title == (
        "6 invocations ran in 2 environments: 2 cold starts, 1 throttle, 1 killed"
    )
    outcomes = [row[-1] for row in picture.rows]
    assert outcomes.count("ValueError") == 3
    assert outcomes[-1] == "Sandbox.Timedout (killed)"
    assert "throttled: ReservedFunctionConcurrentInvocationLimitExceeded" in outcomes
    tried = [row for row in picture.rows if row[-1] == "ValueError"]
    assert [row[5] for row in tried] == ["1", "2", "3"]
    first, second, third = (float(row[0].strip("≈ ").replace(",", "")) for row in tried)
    assert second - first >= 60
    assert third - second >= 120
    assert {row[3] for row in picture.rows} >= {
        each.request_id for each in cloud.lab.history.invocations
    }
    assert "2 attempts were retries" in picture.alt
    waits = [t.get_text() for t in picture.figure.findobj(Annotation)]
    assert waits[:2] == ["1 min", "2 min"], "the retries' waits in lab time"
    labels_apart(picture)
    assert cloud.lab.timeline("f", last=1).title.startswith("1 invocation ran in 1 environment")


def _invoke(cloud: Lambda) -> None:
    with contextlib.suppress(cloud.client.exceptions.TooManyRequestsException):
        cloud.client.invoke(FunctionName="f")


def test_handler_begins_where_init_ends() -> None:
    (lane,) = arrange(COLD).lanes
    spans = [(s.work, round(s.start - 1000, 3), round(s.end - 1000, 3)) for s in lane.spans]
    assert spans == [("init", 0.001, 0.101), ("invoke", 0.101, 0.15), ("invoke", 0.2, 0.25)]


def test_init_repeated_within_an_invocation_is_part_of_it() -> None:
    again = [init(0.5, 60), invocation(2, 0.499, 100)]
    (lane,) = arrange([*COLD, *again]).lanes
    assert [round(s.start - 1000, 3) for s in lane.spans if s.work == "invoke"][-1] == 0.56
    assert round(max(s.end for s in lane.spans) - 1000, 3) == 0.599


def test_provisioned_environment_had_its_init_ahead_and_is_no_cold_start() -> None:
    kind = {"initialization_type": "provisioned-concurrency"}
    records = [init(0, **kind), invocation(0, 3, init_ms=100.0, **kind)]
    picture = timeline(records)
    assert picture.title.endswith("no cold start")
    assert "1 environment provisioned" in picture.alt
    (lane,) = arrange(records).lanes
    assert [span.work for span in lane.spans] == ["ahead", "invoke"]
    assert lane.spans[-1].start == 1003


def test_waits_are_cut_and_told_in_lab_time() -> None:
    attempt = EventAttempt("request-1", f"{ARN}f", 1, "error", None, BEGIN, 1000.26)
    later = [invocation(2, 0.27, started=BEGIN + timedelta(hours=3)), invocation(3, 60)]
    shown = arrange([*COLD, attempt, *later])
    axis = Axis([(s.start, s.end) for s in shown.lanes[0].spans], shown.moments, 60)
    assert [spoken(wait.lab_s) for wait in axis.labelled] == ["3 h"] or axis.labelled
    assert any(abs(wait.lab_s - 3 * 3600) < 120 for wait in axis.waits)
    assert axis.length < 1
    places = axis.place([1000, 1000.1, 1000.25, 1060, 1060.05])
    assert all(a < b for a, b in pairwise(places))


def test_time_without_waits_is_drawn_to_scale() -> None:
    axis = Axis([(10, 11), (11.05, 12)], [Moment(10, BEGIN)], 1)
    assert not axis.waits
    assert [round(float(p), 6) for p in axis.place([10, 11, 12])] == [0, 1, 2]
    assert [seconds for _, seconds in axis.ticks(4)] == [0, 0.5, 1, 1.5, 2]


@pytest.mark.parametrize("seed", range(5))
def test_labels_never_overlap(seed: int) -> None:
    moments = [(seed + 1) * 0.7 * n**2 for n in range(3 * seed + 2)]
    records = [invocation(n, at, 3) for n, at in enumerate(moments)]
    labels_apart(timeline([init(0.0), *records, throttle(99, 0.5)]))


def test_five_thousand_events_are_drawn_with_fewer_lanes_and_a_note() -> None:
    records: list[Record] = []
    for n in range(5000):
        environment = f"e{n % 60}"
        at = n * 0.004
        if n < 60:
            records.append(init(at, environment=environment))
        records.append(invocation(n, at + 0.1, 200, environment=environment))
        if n % 50 == 0:
            records.append(throttle(n, at))
    picture = timeline(records, dropped=7)
    assert f"Of 60 environments the first {LANES} are drawn." in picture.alt
    assert f"The table has the last {ROWS} of 5,100 requests." in picture.alt
    assert "7 older records had to be dropped" in picture.alt
    assert picture.title.startswith("5,000 invocations ran in 60 environments")
    assert len(picture.rows) == ROWS


def test_same_record_gives_the_same_bytes() -> None:
    assert timeline(COLD).png == timeline(COLD).png


def test_unknown_function_and_empty_record_are_refused_in_a_sentence() -> None:
    with pytest.raises(LabValueError, match="of f"):
        timeline(COLD, function="g")
    with pytest.raises(LabValueError, match="nothing has run"):
        timeline([])
    for last in (0, -1, True, "2"):
        with pytest.raises(LabValueError, match="from 1 on"):
            timeline(COLD, last=last)  # type: ignore[arg-type]


def test_only_throttles_are_a_timeline_too() -> None:
    picture = timeline([throttle(1, 0), throttle(2, 1)])
    assert picture.title == "0 invocations ran in 0 environments: no cold start, 2 throttles"
    assert picture.png


def test_functions_are_told_apart() -> None:
    other = replace(COLD[1], function_arn=f"{ARN}g", environment="e2", version="3")  # type: ignore[type-var]
    shown = arrange([*COLD, other])
    assert [lane.label for lane in shown.lanes] == ["g:3 #1", "f #1"]
    assert [lane.label for lane in arrange([*COLD, other], "g").lanes] == ["g:3 #1"]
