"""Cron expressions of EventBridge: six fields, a year among them.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIRST_YEAR, LAST_YEAR = 1970, 2199

DaysOf = Callable[[int, int], set[int]]
"""The days that one part of a field means in a year's month."""


class CronError(ValueError):
    """Why an expression isn't one."""


@dataclass(frozen=True)
class Cron:
    """A cron expression, of which the time zone is somebody else's business.

    Args:
        days: each gives days of a month; a day counts that any of them gives.
    """

    minutes: Sequence[int]
    hours: Sequence[int]
    days: Sequence[DaysOf]
    months: Sequence[int]
    years: Sequence[int]

    def after(self, moment: datetime) -> Iterator[datetime]:
        """All moments the expression means later than a naive one, in order."""
        for year in self.years:
            if year < moment.year:
                continue
            for month in self.months:
                if (year, month) < (moment.year, moment.month):
                    continue
                yield from self._in_month(year, month, moment)

    def _in_month(self, year: int, month: int, moment: datetime) -> Iterator[datetime]:
        for day in sorted(set[int]().union(*(part(year, month) for part in self.days))):
            if (year, month, day) < (moment.year, moment.month, moment.day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    found = datetime(year, month, day, hour, minute)
                    if found > moment:
                        yield found


def parse_cron(text: str) -> Cron:
    """Read the fields of a cron expression, what stands between its parentheses.

    Raises:
        CronError: where it isn't one. One that never fires, such as a 31st of June, is.
    """
    fields = text.upper().split()
    if len(fields) != 6:
        raise CronError("a cron expression has six fields")
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise CronError("of day-of-month and day-of-week, exactly one is “?”")
    return Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        days=_days_of_month(days) if weekdays == "?" else _days_of_week(weekdays),
        months=_numbers(months, 1, 12, MONTHS),
        years=_numbers(years, FIRST_YEAR, LAST_YEAR),
    )


def _numbers(field: str, low: int, high: int, names: Sequence[str] = ()) -> list[int]:
    """The numbers that a field of values, ranges and steps means, in order."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
            raise CronError(f"{part} has no step")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _value(first, low, high, names)
            end = _value(last, low, high, names) if dash else high if slash else begin
        if end < begin:  # a range may go over the end, as FRI-MON
            found.update(range(begin, high + 1, int(step or 1)))
            begin = low
        found.update(range(begin, end + 1, int(step or 1)))
    return sorted(found)


def _value(text: str, low: int, high: int, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text) + low
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise CronError(f"“{text}” is not from {low} to {high}")
    return int(text)


def _days_of_month(field: str) -> list[DaysOf]:
    return [_day_of_month(part) for part in field.split(",")]


def _day_of_month(part: str) -> DaysOf:
    if part == "L":
        return lambda year, month: {_length(year, month)}
    if part == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if found := re.fullmatch(r"(\d+)W", part):
        wanted = _value(found[1], 1, 31, ())
        return lambda year, month: (
            {_nearest_weekday(year, month, wanted)} if wanted <= _length(year, month) else set()
        )
    numbers = _numbers(part, 1, 31)
    return lambda year, month: {day for day in numbers if day <= _length(year, month)}


def _days_of_week(field: str) -> list[DaysOf]:
    return [_day_of_week(part) for part in field.split(",")]


def _day_of_week(part: str) -> DaysOf:
    """Of weekdays 1 is Sunday."""
    if part == "L":
        part = "SAT"
    if found := re.fullmatch(r"(\w+)L", part):
        last = _value(found[1], 1, 7, WEEKDAYS)
        return lambda year, month: {max(_those(year, month, [last]))}
    if found := re.fullmatch(r"(\w+)#(\d)", part):
        weekday, number = _value(found[1], 1, 7, WEEKDAYS), _value(found[2], 1, 5, ())
        return lambda year, month: set(_those(year, month, [weekday])[number - 1 : number])
    weekdays = _numbers(part, 1, 7, WEEKDAYS)
    return lambda year, month: set(_those(year, month, weekdays))


def _those(year: int, month: int, weekdays: Sequence[int]) -> list[int]:
    first = (calendar.weekday(year, month, 1) + 1) % 7 + 1
    days = range(1, _length(year, month) + 1)
    return [day for day in days if (first + day - 2) % 7 + 1 in weekdays]


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday next to a day, in the same month."""
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day
