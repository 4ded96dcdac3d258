"""Says a fact in words: "3 seconds", "10,240 MB", "USD 0.20 per 1 million", "Go and Rust"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from labsupport.facts.records import Fact, FactError, parse_date

_WORDS = {
    "s": "seconds",
    "ms": "milliseconds",
    "min": "minutes",
    "h": "hours",
    "requests/s": "requests per second",
    "requests/s per environment": "requests per second and environment",
    "GB-s per month": "GB-seconds per month",
}
_SINGULAR = {
    "seconds": "second",
    "milliseconds": "millisecond",
    "minutes": "minute",
    "hours": "hour",
    "days": "day",
    "retries": "retry",
    "batches": "batch",
    "layers": "layer",
    "records": "record",
    "requests": "request",
    "instances": "instance",
    "environments": "environment",
    "pollers": "poller",
    "invocations": "invocation",
    "executions": "execution",
}
_PHRASES = {
    "%": "{}%",
    "HTTP status": "HTTP status {}",
}
_SHARES = {
    "share of the EC2 on-demand price": "{}% of the EC2 on-demand price",
    "largest discount": "{}%",
    "better price performance, up to": "up to {}% better price performance",
}
_DATES = ("date", "deprecation date", "month")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def spell(fact: Fact) -> str:
    """The value with its unit, as it reads in a sentence.

    Raises FactError for what has no short form in words: true/false, a value that is not known,
    a list of maps, or a map whose keys are not names. `fact.part(…)` narrows such a fact.
    """
    return _spell(fact, fact.value, fact.unit)


def spell_value(fact: Fact) -> str:
    """The value alone, without its unit. Raises FactError like `spell`."""
    keep = fact.unit if fact.unit in _DATES else None
    return _spell(fact, fact.value, keep)


def _spell(fact: Fact, value: Any, unit: str | None) -> str:
    match value:
        case bool():
            raise FactError(f"{fact.id} is true or false: say it in words and cite the fact.")
        case None:
            raise FactError(f"{fact.id} has no known value, so no text can give one.")
        case int() | Decimal():
            return _measure(value, unit)
        case str():
            return _text(value, unit)
        case list():
            return _list(fact, value, unit)
        case dict():
            return _map(fact, value, unit)
    raise FactError(f"{fact.id} holds a {type(value).__name__}, which has no form in words.")


def _measure(number: int | Decimal, unit: str | None) -> str:
    digits = f"{number:,}" if isinstance(number, int) else f"{number:,f}"
    if unit is None:
        return digits
    if unit == "USD" or unit.startswith(("USD per ", "USD/")):
        rate = unit.removeprefix("USD").replace("/h", " per hour")
        return f"USD {digits}{re.sub(r'GB-s$', 'GB-second', rate)}"
    if unit in _SHARES:
        percent = Decimal(number) * 100
        return _SHARES[unit].format(f"{percent.normalize():f}")
    if unit in _PHRASES:
        return _PHRASES[unit].format(digits)
    words = _WORDS.get(unit, unit)
    if number == 1:
        words = " ".join(_SINGULAR.get(word, word) for word in words.split(" "))
    return f"{digits} {words}"


def _text(value: str, unit: str | None) -> str:
    if unit in _DATES:
        return _date(value)
    return f"{value} {unit}" if unit and unit.startswith("of ") else value


def _date(value: str) -> str:
    day = parse_date(value)
    parts = [str(day.day), _MONTHS[day.month - 1], str(day.year)]
    return " ".join(parts[3 - len(value.split("-")) :])


def _list(fact: Fact, values: list[Any], unit: str | None) -> str:
    if all(isinstance(value, str) for value in values):
        return _join([_text(value, None) for value in values])
    if all(isinstance(value, int | Decimal) and not isinstance(value, bool) for value in values):
        *head, last = values
        return _join([_measure(value, None) for value in head] + [_measure(last, unit)])
    raise FactError(f"{fact.id} is a list of records: name one part of it, such as [0].")


def _map(fact: Fact, values: dict[str, Any], unit: str | None) -> str:
    names = ", ".join(map(str, values))
    nested = any(isinstance(value, list | dict) for value in values.values())
    if nested or any("_" in str(key) for key in values):
        raise FactError(f"{fact.id} is a map: name one part of it ({names}).")
    if "max" in values and values.keys() <= {"min", "max", "default"}:
        low = f"{_measure(values['min'], None)} to" if "min" in values else "at most"
        default = f", {_measure(values['default'], None)} by default" if "default" in values else ""
        return f"{low} {_spell(fact, values['max'], unit)}{default}"
    return _join([f"{_spell(fact, value, unit)} for {key}" for key, value in values.items()])


def _join(items: list[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
