"""The exam's blueprint: how many questions, how long, and which lesson weighs how much.

It is a YAML file, ``quizzes/exam.yml``:

``title``       heading of the exam and of its certificate, plain text
``questions``   how many are asked
``minutes``     how long a sitting lasts
``pass_mark``   percent of the points that pass
``weights``     how much each part of the course weighs: the name of a lesson's quiz, or the id of
                an objective, and a positive number; an objective named here leaves its lesson's
                share and has its own
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from quizzes.source import BankError, Problem, Source, read

FILE = Path(__file__).parent.parent / "exam.yml"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What an exam holds; `lines` says where in `path` each weight stands."""

    title: str
    questions: int
    minutes: int
    pass_mark: int
    weights: Mapping[str, Decimal]
    path: Path
    lines: Mapping[str, int]

    def strangers(self, known: Collection[str]) -> list[Problem]:
        """List the weights whose names are not among the `known` lessons and objectives."""
        return [
            Problem(
                self.path,
                self.lines[name],
                f"`{name}` is no lesson and no objective of the outline; mend its name.",
            )
            for name in self.weights
            if name not in known
        ]


def load_blueprint(path: Path = FILE) -> Blueprint:
    """Read a blueprint; raise `BankError` naming every mistake with file and line."""
    source = read(path)
    if not isinstance(source.data, dict):
        message = "A blueprint begins with `title:`, `questions:`, `minutes:` and `pass_mark:`."
        raise BankError([Problem(path, 1, message)])
    for name in source.data:
        if name not in _FIELDS:
            source.report((name,), f"There is no field `{name}` here; remove it or mend its name.")
    values = {name: _field(source, name) for name in _FIELDS}
    if source.problems:
        raise BankError(source.problems)
    lines = {name: source.line(("weights", name)) for name in values["weights"]}
    return Blueprint(**values, path=path, lines=lines)


def _field(source: Source, name: str) -> Any:
    if name not in source.data:
        source.report((), f"`{name}` is missing; add it.")
        return None
    return _FIELDS[name](source, name)


def _text(source: Source, name: str) -> str | None:
    value = source.data[name]
    if isinstance(value, str) and value.strip():
        return value.strip()
    source.report((name,), f"`{name}` must be text.")
    return None


def _whole(least: int, most: int) -> Callable[[Source, str], int | None]:
    def read_whole(source: Source, name: str) -> int | None:
        value = source.data[name]
        digits = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 9
        if digits and least <= int(value) <= most:
            return int(value)
        source.report((name,), f"`{name}` must be a whole number from {least} to {most}.")
        return None

    return read_whole


def _weights(source: Source, name: str) -> dict[str, Decimal]:
    given = source.data[name]
    if not isinstance(given, dict) or not given:
        source.report((name,), "`weights` must name at least one lesson, as `lesson: weight`.")
        return {}
    weights: dict[str, Decimal] = {}
    for part, value in given.items():
        try:
            weights[part] = Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            weights[part] = Decimal("NaN")
        if not (weights[part].is_finite() and 0 < weights[part] <= 1000):
            source.report((name, part), f"The weight of `{part}` must be a number above 0.")
    return weights


_FIELDS: dict[str, Callable[[Source, str], Any]] = {
    "title": _text,
    "questions": _whole(1, 200),
    "minutes": _whole(1, 600),
    "pass_mark": _whole(1, 100),
    "weights": _weights,
}
