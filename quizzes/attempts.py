"""What is recorded of one answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


class ProgressError(RuntimeError):
    """Raised when progress cannot be exported or imported; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to one item: a quiz question, an exercise.

    `kind` says what sort of item it is ("quiz", "exercise"), `answer` is any JSON value, `outcome`
    the item's own word for the result, `score` from 0 to 1, `at` the time in UTC (ISO 8601).
    """

    uuid: str
    kind: str
    item_id: str
    answer: Any
    outcome: str
    score: float
    at: str

    def local_time(self) -> str:
        """Give the time as the learner's clock shows it, such as "21 Nov, 09:05"."""
        moment = datetime.fromisoformat(self.at).astimezone()
        year = "" if moment.year == datetime.now().year else f" {moment.year}"
        return f"{moment.day} {moment:%b}{year}, {moment:%H:%M}"
