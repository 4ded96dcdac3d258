"""Reads the fact files: one YAML file for each first part of an id, read when first asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
CONFIDENCES = ("high", "medium", "low")
_FIELDS = ("id", "value", "unit", "note", "source", "checked", "confidence")
_UNITS = {
    "ms": "ms",
    "s": "s",
    "min": "min",
    "h": "h",
    "days": "days",
    "chars": "characters",
    "kb": "KB",
    "mb": "MB",
    "gb": "GB",
    "gib": "GiB",
}
_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


class FactError(LookupError):
    """A fact that does not exist, cannot be read or cannot be said in words: one sentence."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [str(self)]


@dataclass(frozen=True, slots=True)
class Fact:
    """One dated, sourced statement about AWS or another provider.

    `value` is a number, text, true/false, a list or a map of these, or None where it is not known;
    numbers with a decimal point are exact `Decimal`s. Facts are shared: copy a list or a map
    before changing it.
    """

    id: str
    value: Any
    unit: str | None
    note: str
    source: str
    checked: str
    confidence: str

    def part(self, *keys: str | int) -> Fact:
        """The same fact narrowed to one entry of its map or list.

        The unit goes with it, except into maps whose keys name units themselves, as `first_kb`.

        >>> fact("async.retries").part("max").value
        2

        Raises FactError, naming the entries there are, when it has no such entry.
        """
        value: Any = self.value
        unit = self.unit
        for key in keys:
            if isinstance(value, Mapping):
                entries = {str(name): entry for name, entry in value.items()}
                if any("_" in name for name in entries) and not str(key).startswith("usd"):
                    unit = None
            elif isinstance(value, list):
                entries = {str(place): entry for place, entry in enumerate(value)}
            else:
                raise FactError(f"{self.id} holds a single value, so it has no part {key!r}.")
            if str(key) not in entries:
                raise FactError(
                    f"{self.id} has no part {key!r}; its parts are {', '.join(entries)}."
                )
            value = entries[str(key)]
        return replace(self, value=value, unit=unit)

    def checked_on(self) -> date:
        """The day the value was checked; the first of the month or year when only that is known."""
        return parse_date(self.checked)


def parse_date(text: str) -> date:
    """Reads a year, a year and month, or a day in ISO form. Raises ValueError for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a year, year-month or year-month-day")
    year, month, day = match.groups()
    return date(int(year), int(month or 1), int(day or 1))


def fact(fact_id: str) -> Fact:
    """The fact with this id, such as "timeout.default_s".

    Raises FactError, naming ids that look alike, when there is none.
    """
    group = _group(fact_id.partition(".")[0])
    if fact_id in group:
        return group[fact_id]
    known = [known.id for known in all_facts()]
    close = difflib.get_close_matches(fact_id, known, n=3)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else "the files in labsupport/facts hold all."
    )
    raise FactError(f"There is no fact {fact_id!r}; {hint}")


def lookup(reference: str) -> Fact:
    """The fact, or the part of one, that a dotted reference names.

    >>> lookup("invoke.status_codes.Event").value
    202

    Raises FactError like `fact` and `Fact.part`.
    """
    names = reference.split(".")
    group = _group(names[0])
    for length in range(len(names), 1, -1):
        whole, path = ".".join(names[:length]), ".".join(names[length:])
        if whole in group:
            return _inner(group[whole], path) if path else group[whole]
    return fact(reference)


def _inner(outer: Fact, path: str) -> Fact:
    """Follows a dotted path whose keys may hold dots themselves, as `python3.14` does."""
    entries = outer.value if isinstance(outer.value, dict) else {}
    for key in sorted(map(str, entries), key=len, reverse=True):
        if path == key or path.startswith(f"{key}."):
            rest = path[len(key) + 1 :]
            return _inner(outer.part(key), rest) if rest else outer.part(key)
    key, _, rest = path.partition(".")
    return _inner(outer.part(key), rest) if rest else outer.part(key)


def all_facts() -> list[Fact]:
    """Every fact, file by file in alphabetical order.

    Raises FactError, with file and line, for a file that breaks the rules.
    """
    return [each for path in sorted(FOLDER.glob("*.yml")) for each in _group(path.stem).values()]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as usual, but decimal numbers stay exact."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node).replace("_", ""))


_Loader.add_constructor("tag:yaml.org,2002:float", _decimal)


@cache
def _group(group: str) -> dict[str, Fact]:
    path = FOLDER / f"{group}.yml"
    return read_facts(path) if _ID.fullmatch(f"{group}.x") and path.is_file() else {}


def read_facts(path: Path) -> dict[str, Fact]:
    """The facts of one file by id. Raises FactError with file and line for a wrong record."""
    text = path.read_text(encoding="utf-8")
    try:
        records = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "not YAML"
        raise FactError(f"{path.name}, line {line}: {reason}.") from None
    if not isinstance(records, list):
        raise FactError(f"{path.name}, line 1: a fact file is a list of facts.")
    facts: dict[str, Fact] = {}
    for place, record in enumerate(records):
        problem = next(_problems(record, path.stem, facts), None)
        if problem:
            raise FactError(f"{path.name}, line {_line_of(text, place)}: {problem}.")
        facts[record["id"]] = Fact(**record)
    return facts


def _problems(record: Any, group: str, earlier: Mapping[str, Fact]) -> Iterator[str]:
    if not isinstance(record, dict):
        yield "a fact is a map with the fields " + ", ".join(_FIELDS)
        return
    name = record.get("id", "a fact")
    yield from (f"{name} lacks {field!r}" for field in _FIELDS if field not in record)
    yield from (f"{name} has the unknown field {field!r}" for field in record.keys() - _FIELDS)
    for field in ("id", "note", "source", "checked"):
        if not isinstance(record[field], str) or not record[field].strip():
            yield f"{field!r} of {name} must be text in quotes and not empty"
    if not _ID.fullmatch(name) or name.partition(".")[0] != group:
        yield f"the id {name!r} must be small letters and dots, beginning with {group!r}"
    if name in earlier:
        yield f"the id {name} is used twice"
    if not isinstance(record["unit"], str | None):
        yield f"the unit of {name} must be text or null"
    elif (wanted := _UNITS.get(name.rpartition("_")[2] if "_" in name else "")) and (
        wanted not in re.split(r"[ /]", record["unit"] or "")
    ):
        yield f"the unit of {name} must be in {wanted}, as its id says, not {record['unit']!r}"
    if record["confidence"] not in CONFIDENCES:
        yield f"the confidence of {name} must be one of {', '.join(CONFIDENCES)}"
    try:
        parse_date(record["checked"])
    except ValueError as error:
        yield f"'checked' of {name}: {error}"


def _line_of(text: str, place: int) -> int:
    tree = yaml.compose(text, Loader=_Loader)
    return int(tree.value[place].start_mark.line) + 1 if tree else 1
