"""``python3 -m course facts``: the facts about AWS, where each is used, and how old it is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from course.fact_uses import uses
from course.problem import Problem
from labsupport.facts import Fact, FactError, all_facts
from labsupport.facts.records import CONFIDENCES

OLD_DAYS = 180


def main(argv: list[str]) -> int:
    """List facts, or print what the prices of today would change; returns the exit code."""
    options = _parse(argv)
    if options.refresh_prices:
        from course import prices

        sys.stdout.write(prices.refreshed(options.profile, _today()))
        return 0
    try:
        facts = all_facts()
    except FactError as error:
        raise Problem(str(error)) from None
    chosen = choose(facts, uses(facts), options, _today())
    for each, places in chosen:
        print(_entry(each, places))
    print(_summary(chosen, _today()))
    return 0


def choose(
    facts: Sequence[Fact],
    used: Mapping[str, Sequence[str]],
    options: argparse.Namespace,
    today: date,
) -> list[tuple[Fact, Sequence[str]]]:
    """The facts that the options ask for, each with the places where it is used."""
    named = tuple(options.ids)
    found = [
        (each, used[each.id])
        for each in facts
        if (not named or each.id.startswith(named))
        and (not options.old or is_old(each, today))
        and (not options.unused or not used[each.id])
        and (options.confidence is None or each.confidence == options.confidence)
    ]
    if named and not any(each.id.startswith(named) for each in facts):
        raise Problem(
            f"No fact's id begins with {' or '.join(named)}: python3 -m course facts lists all."
        )
    return found


def is_old(each: Fact, today: date) -> bool:
    """Whether a fact was checked more than 180 days ago, as far as its date says."""
    return today - each.checked_on() > timedelta(days=OLD_DAYS)


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m course facts",
        description="List the facts about AWS, where each is used and when it was checked.",
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="how the ids begin, such as price.")
    parser.add_argument(
        "--old", action="store_true", help=f"only those checked more than {OLD_DAYS} days ago"
    )
    parser.add_argument("--unused", action="store_true", help="only those that nothing uses")
    parser.add_argument("--confidence", choices=CONFIDENCES, help="only those of this confidence")
    parser.add_argument(
        "--refresh-prices",
        action="store_true",
        help="ask AWS's Price List API, with your own account, and print a diff; needs --profile",
    )
    parser.add_argument("--profile", metavar="NAME", help="the profile in ~/.aws to ask AWS with")
    options = parser.parse_args(argv)
    if options.refresh_prices and not options.profile:
        raise Problem(
            "--refresh-prices asks AWS itself, with an account of yours: name the profile in "
            "~/.aws that it may use with --profile."
        )
    return options


def _entry(each: Fact, places: Sequence[str]) -> str:
    value = "not known" if each.value is None else str(each.value)
    short = value if len(value) <= 60 else f"{value[:59]}…"
    unit = f" {each.unit}" if each.unit else ""
    where = "; ".join(places) or "nowhere"
    return (
        f"{each.id} = {short}{unit}\n"
        f"    checked {each.checked}, {each.confidence} confidence, {each.source}\n"
        f"    used: {where}"
    )


def _summary(chosen: Sequence[tuple[Fact, Sequence[str]]], today: date) -> str:
    old = sum(is_old(each, today) for each, _ in chosen)
    unused = sum(not places for _, places in chosen)
    count = "1 fact" if len(chosen) == 1 else f"{len(chosen)} facts"
    return f"{count}: {old} checked more than {OLD_DAYS} days ago, {unused} used nowhere yet"


def _today() -> date:
    return datetime.now(UTC).date()
