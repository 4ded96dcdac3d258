"""Puts the record of the lab in order for a timeline: what each execution environment did when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from labsupport.errors import LabValueError
from labsupport.history import EventAttempt, Invocation, Phase, Record, Throttle

Work = Literal["init", "ahead", "restore", "invoke", "failed"]
KILLED = ("Sandbox.Timedout", "Runtime.OutOfMemory", "Runtime.ExitError")
"""Errors at which the environment's process is lost."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something an environment did, between two moments in seconds since 1970 of this machine."""

    work: Work
    start: float
    end: float


@dataclass
class Lane:
    """An execution environment.

    Args:
        name: the function's name, with the version if it isn't $LATEST.
        number: counts the environments of that name, from 1.
        ended: when it was shut down, None while it is there.
        killed: when its process was lost.
    """

    environment: str
    name: str
    provisioned: bool
    number: int = 0
    spans: list[Span] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    killed: list[float] = field(default_factory=list)
    ended: float | None = None

    @property
    def start(self) -> float:
        """When it began."""
        return min(span.start for span in self.spans)

    @property
    def label(self) -> str:
        """What it is called in the figure and the table."""
        name = self.name if len(self.name) <= 22 else f"{self.name[:13]}…{self.name[-8:]}"
        return f"{name} #{self.number}"


@dataclass(frozen=True)
class Moment:
    """A moment on both clocks: seconds since 1970 of this machine, and lab time."""

    real: float
    lab: datetime

    def since(self, first: Moment) -> tuple[float, float]:
        """Seconds of lab time and of real time since `first`, not below 0."""
        lab_s = (self.lab - first.lab).total_seconds()
        return max(lab_s, 0.0), max(self.real - first.real, 0.0)


@dataclass(frozen=True)
class Happened:
    """What a timeline shows.

    Args:
        lanes: in the order the environments began.
        throttles: in order.
        moments: of all that is shown, in order of real time.
    """

    lanes: list[Lane]
    throttles: list[Throttle]
    moments: list[Moment]

    @property
    def invocations(self) -> list[Invocation]:
        """All invocations shown, in the order they were taken on."""
        all_of_them = [each for lane in self.lanes for each in lane.invocations]
        return sorted(all_of_them, key=lambda each: each.real_started)


def arrange(
    records: Sequence[Record], function: str | None = None, last: int | None = None
) -> Happened:
    """What the timeline of these records shows.

    Args:
        function: the name of the one function to show, None for all.
        last: how many of the latest invocations and throttles to show, None for all.

    Raises:
        LabValueError: where there is nothing to show.
    """
    if last is not None and (isinstance(last, bool) or not isinstance(last, int) or last < 1):
        raise LabValueError(f"A timeline cannot show the last {last!r}: give a number from 1 on.")
    ours = [each for each in records if function in (None, name_of(each))]
    if function is not None and not ours:
        known = sorted({name for each in records if (name := name_of(each))})
        raise LabValueError(
            f"Nothing is recorded of a function {function!r}; "
            f"what is recorded is of {', '.join(known) or 'no function'}."
        )
    shown = [each for each in ours if isinstance(each, Invocation | Throttle)]
    shown = sorted(shown, key=_real)[-(last or 0) :]
    phases = [each for each in ours if isinstance(each, Phase)]
    if last is not None and shown:
        begin = _real(shown[0]) - 1e-6
        served = {each.environment for each in shown if isinstance(each, Invocation)}
        phases = [p for p in phases if p.real_started >= begin and p.environment in served]
    if not shown and not phases:
        raise LabValueError("There is nothing to draw: nothing has run in this lab yet.")
    invocations = [each for each in shown if isinstance(each, Invocation)]
    lanes = _lanes(invocations, phases)
    throttles = [each for each in shown if isinstance(each, Throttle)]
    ids = {each.request_id for each in shown}
    attempts = [r for r in ours if isinstance(r, EventAttempt) and r.request_id in ids]
    moments = [Moment(each.real_started, each.started) for each in invocations]
    moments += [Moment(each.real_started, each.started) for each in phases]
    moments += [Moment(each.real_at, each.at) for each in throttles]
    moments += [Moment(each.real_at, each.at) for each in attempts]
    return Happened(lanes, throttles, sorted(moments, key=lambda each: (each.real, each.lab)))


def name_of(record: Record) -> str:
    """The name of the function that a record is about, "" for none."""
    return str(getattr(record, "function_arn", "")).partition(":function:")[2].partition(":")[0]


def _real(record: Invocation | Throttle) -> float:
    return record.real_started if isinstance(record, Invocation) else record.real_at


def _lanes(invocations: Iterable[Invocation], phases: Iterable[Phase]) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    began: dict[str, list[Phase]] = defaultdict(list)
    for phase in sorted(phases, key=lambda each: each.real_started):
        if phase.phase == "shutdown":
            if phase.environment in lanes:
                lanes[phase.environment].ended = phase.real_started
            continue
        end = phase.real_started + phase.duration_ms / 1000
        lane = _lane(lanes, phase)
        work: Work = "ahead" if lane.provisioned and phase.phase == "init" else phase.phase
        lane.spans.append(Span(work, phase.real_started, end))
        began[phase.environment].append(phase)
    for each in invocations:
        lane = _lane(lanes, each)
        known = began[each.environment]
        end = each.real_started + _ahead_s(each, known) + each.duration_ms / 1000
        within = [p for p in known if each.real_started - 1e-6 <= p.real_started < end]
        ready = (p.real_started + p.duration_ms / 1000 for p in within)
        start = min(end, max(ready, default=each.real_started))
        lane.spans.append(Span("failed" if each.function_error else "invoke", start, end))
        lane.invocations.append(each)
        if each.error_type in KILLED:
            lane.killed.append(end)
    ordered = sorted(lanes.values(), key=lambda lane: lane.start)
    numbers: dict[str, int] = defaultdict(int)
    for lane in ordered:
        numbers[lane.name] += 1
        lane.number = numbers[lane.name]
    return ordered


def _lane(lanes: dict[str, Lane], record: Invocation | Phase) -> Lane:
    if record.environment not in lanes:
        version = "" if record.version == "$LATEST" else f":{record.version}"
        provisioned = record.initialization_type == "provisioned-concurrency"
        name = (name_of(record) or record.function_arn) + version
        lanes[record.environment] = Lane(record.environment, name, provisioned)
    return lanes[record.environment]


def _ahead_s(invocation: Invocation, phases: Sequence[Phase]) -> float:
    """Seconds of the first Init or Restore, where the invocation had to wait for it."""
    first = phases[0] if phases else None
    if first is None or first.real_started < invocation.real_started - 1e-6:
        return 0.0
    if first.real_started > invocation.real_started + 1 + (invocation.init_ms or 0.0) / 1000:
        return 0.0
    return first.duration_ms / 1000


def without_some(happened: Happened, most: int) -> tuple[Happened, int]:
    """The first lanes, and how many are left out."""
    left_out = max(0, len(happened.lanes) - most)
    return replace(happened, lanes=happened.lanes[:most]), left_out
