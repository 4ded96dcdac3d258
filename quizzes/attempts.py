"""What is recorded of one answer, and which of it still counts after a lesson was reset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

RESET = "reset"
UNDO = "undo reset"
FINISHED_SITTING = ("sitting", "finished")
"""Kind and outcome of the entry that ends a sitting of the exam (`quizzes.exams.sitting`)."""


class ProgressError(RuntimeError):
    """Raised when progress cannot be exported, imported or reset; its text is one sentence."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [str(self)]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to one item: a quiz question, an exercise.

    `kind` says what sort of item it is ("quiz", "exercise"), `answer` is any JSON value, `outcome`
    the item's own word for the result, `score` from 0 to 1, `at` the time in UTC (ISO 8601).

    `mode` says how the question was asked: "quiz" (in its lesson), "review", "exam" or "practice".
    `details` holds what else belongs to the answer, where there is any: "seed" of a question with
    parameters, "hints" looked at before, "exam" that it belongs to.

    `sequence` is its place in the log. It is the time of the attempt as long as the computer's
    clock goes forward; after the clock was put back it still grows, and `at` is what the clock
    said.
    """

    uuid: str
    kind: str
    item_id: str
    answer: Any
    outcome: str
    score: float
    at: str
    mode: str = "quiz"
    details: Mapping[str, Any] = field(default_factory=dict)
    sequence: str = ""

    @property
    def seed(self) -> int:
        """The seed that the question's numbers were drawn with, 0 where it has none."""
        seed = self.details.get("seed", 0)
        return seed if isinstance(seed, int) else 0

    @property
    def hints(self) -> int:
        """How many hints were looked at before the answer."""
        hints = self.details.get("hints", 0)
        return hints if isinstance(hints, int) else 0

    def moment(self) -> datetime:
        """Give the time as a datetime in UTC."""
        return datetime.fromisoformat(self.at)

    def local_time(self) -> str:
        """Give the time as the learner's clock shows it, such as "21 Nov, 09:05"."""
        moment = self.moment().astimezone()
        year = "" if moment.year == datetime.now().year else f" {moment.year}"
        return f"{moment.day} {moment:%b}{year}, {moment:%H:%M}"


def that_count(log: Iterable[Attempt]) -> list[Attempt]:
    """Give the answers of a log (in its order) that no reset has put aside.

    A reset is an entry of kind `RESET` whose answer maps kinds to ids of items; what was answered
    there before it does not count. An entry of kind `UNDO` names a reset by its uuid and takes it
    back. Of an exam, the last answer to each question counts, and none before its end: what is
    worked out from the log would tell what was right.
    """
    entries = _settled(list(log))
    undone = {each.item_id for each in entries if each.kind == UNDO}
    gone: set[tuple[str, str]] = set()
    counting: list[Attempt] = []
    for each in reversed(entries):
        if each.kind == RESET:
            if each.uuid not in undone:
                gone |= put_aside(each)
        elif each.kind != UNDO and (each.kind, each.item_id) not in gone:
            counting.append(each)
    return counting[::-1]


def _settled(log: list[Attempt]) -> list[Attempt]:
    """Leave out the answers of exams that have not ended, and those that were changed later."""
    ended = {each.item_id for each in log if (each.kind, each.outcome) == FINISHED_SITTING}
    last = {_in_exam(each): each.uuid for each in log if each.mode == "exam"}
    return [
        each
        for each in log
        if each.mode != "exam"
        or each.kind != "quiz"
        or (each.details.get("exam") in ended and last[_in_exam(each)] == each.uuid)
    ]


def _in_exam(attempt: Attempt) -> tuple[str, str]:
    return str(attempt.details.get("exam")), attempt.item_id


def put_aside(reset: Attempt) -> set[tuple[str, str]]:
    """Give the items, by kind and id, that an entry of kind `RESET` names."""
    named = reset.answer if isinstance(reset.answer, dict) else {}
    lists = ((kind, items) for kind, items in named.items() if isinstance(items, list))
    return {(kind, str(item)) for kind, items in lists for item in items}
