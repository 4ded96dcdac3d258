"""Checks on what a price is asked for, and the facts as decimals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Any

from labsupport.errors import LabValueError
from labsupport.facts import fact

LARGEST = Decimal(10) ** 15
ARCHITECTURES = {"x86_64": "x86", "arm64": "arm"}
REGIONS = ("us-east-1",)


def amount(name: str, value: object, *, least: object = 0, most: object = LARGEST) -> Decimal:
    """A number within its bounds as an exact decimal. Raise LabValueError, in one sentence."""
    number = _decimal(value)
    if number is None or not number.is_finite():
        raise LabValueError(f"{name}={value!r} is no number: give one such as {least or 1}.")
    low, high = _decimal(least), _decimal(most)
    assert low is not None
    assert high is not None
    if not low <= number <= high:
        raise LabValueError(f"{name}={value!r} is out of range: give {low:,} to {high:,}.")
    return number


def whole(name: str, value: object, *, least: object = 0, most: object = LARGEST) -> Decimal:
    """A number as `amount`, which has to be a whole one."""
    number = amount(name, value, least=least, most=most)
    if number != number.to_integral_value():
        raise LabValueError(f"{name}={value!r} is not a whole number: round it first.")
    return number


def memory_gb(memory_mb: object) -> Decimal:
    """A function's memory in GB, within Lambda's bounds."""
    least, most = fact("memory.min_mb").value, fact("memory.max_mb").value
    return whole("memory_mb", memory_mb, least=least, most=most) / 1024


def architecture(name: object) -> str:
    """The name that facts have for an architecture."""
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise LabValueError(f"architecture={name!r} is unknown: give “x86_64” or “arm64”.")
    return ARCHITECTURES[name]


def check_region(region: object) -> None:
    """Refuse a Region that the facts have no prices for."""
    if region not in REGIONS:
        raise LabValueError(
            f"The facts hold no prices for the Region {region!r}: they know {', '.join(REGIONS)}."
        )


def price(fact_id: str, *part: str) -> Decimal:
    """A price of the facts."""
    value = _decimal(fact(fact_id).part(*part).value)
    if value is None:
        raise LabValueError(f"The price {fact_id} is not known.")
    return value


def tiered(
    quantity: Decimal, tiers: Iterable[Mapping[str, Any]], edge: str
) -> list[tuple[Decimal, Decimal]]:
    """A quantity shared out over price tiers: how much, at which price, for each that has any.

    Args:
        edge: the key of a tier's upper edge, which is None in the last.
    """
    shares, below = [], Decimal(0)
    for tier in tiers:
        top = tier[edge]
        share = quantity - below if top is None else min(quantity, Decimal(top)) - below
        if share > 0:
            shares.append((share, Decimal(str(tier["usd"]))))
            below += share
    return shares


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | Real):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
