"""One sitting of an exam or of practice, kept in the log of attempts so that nothing ends it early.

Its begin and its end are entries of kind `SITTING` under the sitting's id; its answers are attempts
whose details name the sitting as their "exam". All that a sitting is can be read from
there again, by any kernel, after a kill at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import uuid4

from quizzes.attempts import Attempt
from quizzes.exams.clock import Reading, SittingClock, read_clocks
from quizzes.exams.drawing import Drawn
from quizzes.store import Store

SITTING = "sitting"
BEGUN = "begun"
FINISHED = "finished"
Mode: TypeAlias = Literal["exam", "practice", "interview"]


@dataclass(frozen=True, slots=True)
class Sitting:
    """What is fixed when a sitting begins; `minutes` is None where no time is set."""

    id: str
    mode: Mode
    title: str
    seed: int
    questions: tuple[Drawn, ...]
    pass_mark: int
    minutes: int | None
    start: Reading

    @property
    def ends(self) -> datetime | None:
        """When its time is up, in UTC."""
        return None if self.minutes is None else self.start.utc + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class End:
    """When a sitting ended, and whether its time had run out."""

    at: datetime
    by_time: bool
    score: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A sitting as the log has it: its answers (the latest by question) and its end, if any."""

    sitting: Sitting
    answers: Mapping[str, Attempt]
    end: End | None
    seen: datetime

    def clock(self) -> SittingClock:
        """Give the clock of the sitting."""
        return SittingClock(self.sitting.start, self.seen)


def begin(
    log: Store,
    *,
    mode: Mode,
    title: str,
    seed: int,
    questions: Iterable[Drawn],
    pass_mark: int,
    minutes: int | None,
) -> Sitting:
    """Begin a sitting now, and record that."""
    sitting = Sitting(
        str(uuid4()), mode, title, seed, tuple(questions), pass_mark, minutes, read_clocks()
    )
    facts = asdict(sitting) | {
        "questions": [[each.id, each.seed] for each in sitting.questions],
        "start": [sitting.start.utc.isoformat(), sitting.start.boot, sitting.start.ticks],
    }
    log.record(SITTING, sitting.id, facts, BEGUN, 0.0, mode=mode)
    return sitting


def finish(log: Store, sitting: Sitting, end: End) -> None:
    """Record the end of a sitting."""
    facts = {"at": end.at.isoformat(), "by_time": end.by_time}
    log.record(SITTING, sitting.id, facts, FINISHED, end.score, mode=sitting.mode)


def sittings(log: Store, mode: Mode) -> list[Kept]:
    """Read every sitting in this mode, the one begun last at the end."""
    entries = log.attempts()
    begun = [
        sitting
        for each in entries
        if each.kind == SITTING and each.outcome == BEGUN and each.mode == mode
        for sitting in [_sitting(each)]
        if sitting is not None
    ]
    return [_kept(sitting, entries) for sitting in begun]


def is_finished(log: Store, sitting: Sitting) -> bool:
    """Say whether the log has the end of a sitting; another kernel may have written it."""
    return any(
        each.item_id == sitting.id and each.outcome == FINISHED for each in log.attempts(SITTING)
    )


def _kept(sitting: Sitting, entries: Iterable[Attempt]) -> Kept:
    seeds = {each.id: each.seed for each in sitting.questions}
    answers: dict[str, Attempt] = {}
    end, seen = None, sitting.start.utc
    for each in entries:
        if each.kind == SITTING and each.item_id == sitting.id:
            end = end or _end(each)
        elif each.details.get("exam") == sitting.id and each.item_id in seeds:
            answers[each.item_id] = each
            seen = max(seen, each.moment())
    return Kept(sitting, answers, end, seen)


def _sitting(entry: Attempt) -> Sitting | None:
    # An entry written by a later version, or by hand, may hold anything; it is no sitting then.
    try:
        facts = dict(entry.answer)
        utc, boot, ticks = facts.pop("start")
        questions = tuple(Drawn(str(name), int(seed)) for name, seed in facts.pop("questions"))
        minutes = facts.pop("minutes")
        return Sitting(
            id=entry.item_id,
            mode=facts["mode"],
            title=str(facts["title"]),
            seed=int(facts["seed"]),
            questions=questions,
            pass_mark=int(facts["pass_mark"]),
            minutes=None if minutes is None else int(minutes),
            start=Reading(_utc(utc), str(boot), float(ticks)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _end(entry: Attempt) -> End | None:
    if entry.outcome != FINISHED:
        return None
    facts = entry.answer if isinstance(entry.answer, dict) else {}
    try:
        at = _utc(facts["at"])
    except (KeyError, TypeError, ValueError):
        at = entry.moment()
    return End(at, bool(facts.get("by_time")), entry.score)


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone.")
    return moment.astimezone(UTC)
