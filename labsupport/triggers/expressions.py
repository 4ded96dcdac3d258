"""Schedule expressions: rate(…), cron(…) and at(…), and when they next come.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol
from zoneinfo import ZoneInfo

from .cron import Cron, CronError, parse_cron

_RATE = re.compile(r"rate\(([0-9]+) (minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
LONGEST_RATE_DAYS = 36_500


class ExpressionError(ValueError):
    """A text that is no schedule expression."""


class Expression(Protocol):
    """When something is due."""

    def moments(self, since: datetime, first: datetime) -> Iterator[datetime]:
        """All moments later than `since`, in order, in UTC.

        Args:
            first: the moment that rates are counted from, and come at for the first time.
        """


@dataclass(frozen=True)
class Rate:
    """rate(…): at the first moment, and then at even intervals, whatever the clocks show."""

    every: timedelta

    def moments(self, since: datetime, first: datetime) -> Iterator[datetime]:
        """See `Expression`."""
        begin = max(0, (since - first) // self.every + 1) if since >= first else 0
        for number in count(begin):
            try:
                yield first + number * self.every
            except OverflowError:
                return


@dataclass(frozen=True)
class CronIn:
    """cron(…) in a time zone.

    A moment that a change to summer time leaves out is skipped; one that comes twice at its end
    counts once.
    """

    cron: Cron
    zone: ZoneInfo

    def moments(self, since: datetime, first: datetime) -> Iterator[datetime]:
        """See `Expression`."""
        for local in self.cron.after(since.astimezone(self.zone).replace(tzinfo=None)):
            moment = local.replace(tzinfo=self.zone).astimezone(UTC)
            exists = moment.astimezone(self.zone).replace(tzinfo=None) == local
            if exists and moment > since:
                yield moment


@dataclass(frozen=True)
class At:
    """at(…): once."""

    moment: datetime

    def moments(self, since: datetime, first: datetime) -> Iterator[datetime]:
        """See `Expression`."""
        if self.moment > since:
            yield self.moment


def parse_expression(text: str, zone: ZoneInfo | None = None, *, once: bool = False) -> Expression:
    """Read a schedule expression.

    Args:
        zone: of cron(…) and at(…), UTC where there is none.
        once: whether at(…) is allowed, as it is in EventBridge Scheduler.

    Raises:
        ExpressionError: where it isn't one.
    """
    zone = zone or ZoneInfo("UTC")
    try:
        if text.startswith("cron(") and text.endswith(")"):
            return CronIn(parse_cron(text[5:-1]), zone)
        if found := _RATE.fullmatch(text):
            return Rate(_interval(int(found[1]), found[2], bool(found[3])))
        if once and (found := _AT.fullmatch(text)):
            return At(datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC))
    except (CronError, ValueError, OverflowError) as error:
        raise ExpressionError(str(error)) from None
    raise ExpressionError(f"{text} is neither rate(…) nor cron(…)")


def _interval(value: int, unit: str, plural: bool) -> timedelta:
    every = timedelta(**{f"{unit}s": value})
    if value < 1 or plural != (value > 1) or every.days > LONGEST_RATE_DAYS:
        raise ExpressionError(f"{value} {unit}{'s' * plural} is no rate")
    return every
