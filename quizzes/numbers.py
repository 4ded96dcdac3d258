"""Reads the numbers learners type: "1,024", "3 s", "0.5", "3000 ms" where seconds are asked for."""

from __future__ import annotations

import re
from decimal import Decimal
from numbers import Real

_SECOND = {
    "ns": Decimal("1e-9"),
    "µs": Decimal("1e-6"),
    "us": Decimal("1e-6"),
    "ms": Decimal("0.001"),
    "millisecond": Decimal("0.001"),
    "s": Decimal(1),
    "sec": Decimal(1),
    "second": Decimal(1),
    "min": Decimal(60),
    "minute": Decimal(60),
    "h": Decimal(3600),
    "hour": Decimal(3600),
    "d": Decimal(86400),
    "day": Decimal(86400),
}
_MEGABYTE = {  # AWS counts memory, storage and payloads in steps of 1,024
    "byte": Decimal(1) / 1024 / 1024,
    "b": Decimal(1) / 1024 / 1024,
    "kb": Decimal(1) / 1024,
    "kib": Decimal(1) / 1024,
    "mb": Decimal(1),
    "mib": Decimal(1),
    "gb": Decimal(1024),
    "gib": Decimal(1024),
    "tb": Decimal(1024 * 1024),
}
_DOLLAR = {"usd": Decimal(1), "$": Decimal(1), "dollar": Decimal(1), "cent": Decimal("0.01")}
_SHARE = {"%": Decimal(1), "percent": Decimal(1)}
_KINDS = (_SECOND, _MEGABYTE, _DOLLAR, _SHARE)

_NUMBER = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<currency>\$?)\s*"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?P<power>e[+-]?\d{1,2})?"
    r"\s*(?P<unit>[^\d\s.,+-].*)?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 60
_NAMES = {
    "ms": "milliseconds",
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "d": "days",
    "%": "percent",
    "USD": "US dollars",
}


class NotANumber(ValueError):
    """Raised for what cannot be read as a number; its text says in a sentence what to write."""


def unit_name(unit: str) -> str:
    """Spell a unit for reading: "seconds" for "s"; units like "MB" stay as they are."""
    return _NAMES.get(unit, unit)


def read_number(answer: object, unit: str | None = None) -> Decimal:
    """Read `answer` as a number in `unit`; raise `NotANumber`, with a sentence, if that fails.

    Numbers, and texts with thousands separators, an exponent or a unit are understood. A unit of
    the same kind is converted: "3000 ms" is 3 where `unit` is "s".
    """
    text = _as_text(answer)
    if not text:
        raise NotANumber("Nothing answered yet. Write a number.")
    match = _NUMBER.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        if re.fullmatch(r"[+-]?\d+,\d+", text, re.ASCII):
            raise NotANumber("Write the number with a decimal point, such as 3.5.")
        raise NotANumber("That is not a number. Write one, such as 3 or 0.5.")
    number = Decimal(match["sign"] + match["digits"].replace(",", "") + (match["power"] or ""))
    given = (match["unit"] or match["currency"] or "").strip()
    return _convert(number, given, unit) if given else number


def _as_text(answer: object) -> str:
    if isinstance(answer, str):
        return answer.strip().replace("\u2212", "-").replace("\u00a0", " ")
    if isinstance(answer, bool) or not isinstance(answer, Real | Decimal):
        return "" if answer is None else "no number"
    if isinstance(answer, int) and answer.bit_length() > 200:
        return "no number"
    return str(answer)


def _convert(number: Decimal, given: str, unit: str | None) -> Decimal:
    if unit is None:
        raise NotANumber("Write the number alone, without a unit.")
    if _same(given, unit):
        return number
    for kind in _KINDS:
        here, asked = _look_up(given, kind), _look_up(unit, kind)
        if here is not None and asked is not None:
            return number * here / asked
    raise NotANumber(f"Give the answer in {unit_name(unit)}.")


def _look_up(unit: str, kind: dict[str, Decimal]) -> Decimal | None:
    name = unit.lower()
    return kind.get(name, kind.get(name.removesuffix("s")))


def _same(one: str, other: str) -> bool:
    return one.lower().removesuffix("s") == other.lower().removesuffix("s")
