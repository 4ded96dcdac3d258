"""The controls of an explorer, as data that the page makes its inputs from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STEPS = (1, 1.5, 2, 3, 5, 7)
"""Where a slider stops between two powers of ten."""


@dataclass(frozen=True)
class Slider:
    """A number: a slider that goes from stop to stop, and a field to type any other.

    Args:
        stops: values in rising order.
    """

    name: str
    label: str
    unit: str
    stops: Sequence[float]

    def spec(self) -> dict[str, Any]:
        """What the page is told."""
        return {
            "kind": "slider",
            "name": self.name,
            "label": self.label,
            "unit": self.unit,
            "stops": list(self.stops),
        }


@dataclass(frozen=True)
class Choice:
    """One of several; each value has its words."""

    name: str
    label: str
    options: Mapping[str, str]

    def spec(self) -> dict[str, Any]:
        """What the page is told."""
        options = list(map(list, self.options.items()))
        return {"kind": "choice", "name": self.name, "label": self.label, "options": options}


@dataclass(frozen=True)
class Switch:
    """Something that is or isn't."""

    name: str
    label: str

    def spec(self) -> dict[str, Any]:
        """What the page is told."""
        return {"kind": "switch", "name": self.name, "label": self.label}


Control = Slider | Choice | Switch


def stops(least: float, most: float) -> list[float]:
    """Values from least to most, several for each power of ten."""
    scale, found = 1.0, [least]
    while scale <= most:
        found += [scale * step for step in STEPS if least < scale * step < most]
        scale *= 10
    whole = [int(each) if each == int(each) else each for each in [*found, most]]
    return whole
