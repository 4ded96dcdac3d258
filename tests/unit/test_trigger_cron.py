"""Schedule expressions, against the tables of AWS's documentation and the calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.triggers.cron import CronError, parse_cron
from labsupport.triggers.expressions import ExpressionError, parse_expression


def times(cron: str, since: str, number: int = 3) -> list[str]:
    found = islice(parse_cron(cron).after(datetime.fromisoformat(since)), number)
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in found]


@pytest.mark.parametrize(
    ("cron", "since", "expected"),
    [
        # The examples of eb-scheduled-rule-pattern.html.
        ("0 10 * * ? *", "2026-01-01", ["2026-01-01 10:00", "2026-01-02 10:00"]),
        ("15 12 * * ? *", "2026-01-01 12:15", ["2026-01-02 12:15", "2026-01-03 12:15"]),
        ("0 18 ? * MON-FRI *", "2026-01-02 18:00", ["2026-01-05 18:00", "2026-01-06 18:00"]),
        ("0 8 1 * ? *", "2026-01-02", ["2026-02-01 08:00", "2026-03-01 08:00"]),
        ("0/15 * * * ? *", "2026-01-01 23:40", ["2026-01-01 23:45", "2026-01-02 00:00"]),
        ("0/10 * ? * MON-FRI *", "2026-01-02 23:50", ["2026-01-05 00:00", "2026-01-05 00:10"]),
        ("0/5 8-17 ? * MON-FRI *", "2026-01-02 17:54", ["2026-01-02 17:55", "2026-01-05 08:00"]),
        ("0/30 20-2 ? * MON-FRI *", "2026-01-01 02:30", ["2026-01-01 20:00", "2026-01-01 20:30"]),
        # The examples of the Scheduler's schedule-types.html.
        ("15 10 ? * 6L 2022-2023", "2022-01-01", ["2022-01-28 10:15", "2022-02-25 10:15"]),
        # What the wildcards mean.
        ("0 0 L * ? *", "2027-02-01", ["2027-02-28 00:00", "2027-03-31 00:00"]),
        ("0 0 L 2 ? *", "2027-03-01", ["2028-02-29 00:00", "2029-02-28 00:00"]),
        ("0 0 3W * ? *", "2026-01-01", ["2026-01-02 00:00", "2026-02-03 00:00"]),
        ("0 0 1W 8 ? *", "2026-01-01", ["2026-08-03 00:00", "2027-08-02 00:00"]),
        ("0 0 31W * ? *", "2026-05-01", ["2026-05-29 00:00", "2026-07-31 00:00"]),
        ("0 0 LW * ? *", "2026-01-01", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 ? * 3#2 *", "2026-01-01", ["2026-01-13 00:00", "2026-02-10 00:00"]),
        ("0 0 ? * TUE#5 *", "2026-01-01", ["2026-03-31 00:00", "2026-06-30 00:00"]),
        ("0 0 ? * L *", "2026-01-01", ["2026-01-03 00:00", "2026-01-10 00:00"]),
        ("0 0 ? * SUN,4 *", "2026-01-01", ["2026-01-04 00:00", "2026-01-07 00:00"]),
        ("0 0 ? * FRI-MON *", "2026-01-01", ["2026-01-02 00:00", "2026-01-03 00:00"]),
        ("0 0 1,15 JAN,jul ? 2030", "2026-01-01", ["2030-01-01 00:00", "2030-01-15 00:00"]),
        ("0 0 29 2 ? *", "2026-01-01", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("10-20/5 1 1 1 ? *", "2026-01-01", ["2026-01-01 01:10", "2026-01-01 01:15"]),
        ("0 0 1 1 ? 2026/3", "2026-01-01", ["2029-01-01 00:00", "2032-01-01 00:00"]),
    ],
)
def test_cron_comes_when_aws_says(cron: str, since: str, expected: list[str]) -> None:
    assert times(cron, since, 2) == expected


@pytest.mark.parametrize("cron", ["0 0 31 6 ? *", "0 0 30 2 ? *", "0 0 1 1 ? 2020"])
def test_cron_that_never_comes_has_no_moments(cron: str) -> None:
    assert times(cron, "2026-01-01") == []


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "0 0 * * ?",
        "0 0 * * * *",
        "0 0 ? * ? *",
        "60 0 * * ? *",
        "0 24 * * ? *",
        "0 0 0 * ? *",
        "0 0 32 * ? *",
        "0 0 * 13 ? *",
        "0 0 * FOO ? *",
        "0 0 ? * 8 *",
        "0 0 ? * 0 *",
        "0 0 ? * MON#6 *",
        "0 0 * * ? 1969",
        "0 0 * * ? 2200",
        "0/0 0 * * ? *",
        "0/x 0 * * ? *",
        "-5 0 * * ? *",
        "1, 0 * * ? *",
        "a b c d ? e",
        "² 0 * * ? *",
        "0 0 WW * ? *",
        "? 0 * * ? *",
    ],
)
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(CronError):
        parse_cron(cron)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate(5)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 seconds)",
        "rate(-5 minutes)",
        "rate(5 minutes) ",
        "rate(1.5 hours)",
        "rate(99999999999999999999 days)",
        "cron(* * * * *)",
        "at(2026-01-01T00:00:00)",
        "5 minutes",
    ],
)
def test_what_is_no_schedule_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def moments(text: str, since: str, zone: str = "UTC", number: int = 3) -> list[str]:
    start = datetime.fromisoformat(since).replace(tzinfo=UTC)
    expression = parse_expression(text, ZoneInfo(zone), once=True)
    return [f"{moment:%d %H:%M}" for moment in islice(expression.moments(start, start), number)]


def test_rate_is_counted_from_its_first_moment() -> None:
    first = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    rate = parse_expression("rate(2 hours)")
    later = datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert next(rate.moments(later, first)) == datetime(2026, 1, 1, 6, 0, 30, tzinfo=UTC)
    earlier = datetime(2025, 1, 1, tzinfo=UTC)
    assert next(rate.moments(earlier, first)) == first


def test_spring_skips_a_time_that_is_not() -> None:
    """In New York 2026-03-08 has no 02:30."""
    found = moments("cron(30 2 * * ? *)", "2026-03-07T00:00", "America/New_York")
    assert found == ["07 07:30", "09 06:30", "10 06:30"]


def test_autumn_does_not_repeat() -> None:
    """In New York 2026-11-01 has 01:30 twice, at 05:30 and 06:30 UTC."""
    found = moments("cron(30 1 * * ? *)", "2026-10-31T12:00", "America/New_York")
    assert found == ["01 05:30", "02 06:30", "03 06:30"]
    assert moments("cron(0/30 * * * ? *)", "2026-11-01T05:00", "America/New_York") == [
        "01 05:30",
        "01 07:00",
        "01 07:30",
    ]


def test_once_is_once_and_in_its_zone() -> None:
    assert moments("at(2026-07-01T12:00:00)", "2026-01-01", "Europe/Berlin") == ["01 10:00"]
    assert moments("at(2026-07-01T12:00:00)", "2026-08-01", "Europe/Berlin") == []
    with pytest.raises(ExpressionError):
        parse_expression("at(2026-02-30T12:00:00)", once=True)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"]),
)
def test_moments_grow_and_are_later(since: datetime, zone: str) -> None:
    start = since.replace(tzinfo=UTC)
    expression = parse_expression("cron(0/20 * * * ? *)", ZoneInfo(zone))
    found = list(islice(expression.moments(start, start), 10))
    assert found[0] > start
    assert found == sorted(set(found))
