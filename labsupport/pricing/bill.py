"""A bill: named lines with exact amounts, each with the formula and the facts it comes from."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from labsupport.facts import fact
from labsupport.tables import html_table

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One line of a bill.

    Args:
        amount: US dollars, exact.
        formula: how the amount was worked out, in words and numbers.
        facts: ids of the facts that were used.
    """

    name: str
    amount: Decimal
    formula: str
    facts: tuple[str, ...] = ()

    @property
    def cents(self) -> Decimal:
        """The amount rounded to the cent."""
        return self.amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Bill:
    """What something costs in a month, line by line.

    Bills add up: `api + worker` has the lines of both, those of the same name together.

    Args:
        assumptions: what the bill takes for granted, one sentence each.
    """

    items: tuple[Line, ...]
    assumptions: tuple[str, ...] = ()

    @property
    def lines(self) -> Mapping[str, Decimal]:
        """The exact amount of each line, by name."""
        return MappingProxyType({line.name: line.amount for line in self.items})

    @property
    def total(self) -> Decimal:
        """Each line rounded to the cent, then added, as AWS's pricing page does."""
        return sum((line.cents for line in self.items), Decimal("0.00"))

    @property
    def exact_total(self) -> Decimal:
        """The lines added without rounding, for curves and comparisons."""
        return sum((line.amount for line in self.items), Decimal(0))

    def __add__(self, other: Bill) -> Bill:
        lines: dict[str, Line] = {line.name: line for line in self.items}
        for line in other.items:
            before = lines.get(line.name)
            lines[line.name] = line if before is None else _together(before, line)
        assumptions = dict.fromkeys((*self.assumptions, *other.assumptions))
        return Bill(tuple(lines.values()), tuple(assumptions))

    def explain(self) -> Explanation:
        """How each line was worked out, with the facts it rests on and when they were checked."""
        return Explanation(self)

    def __str__(self) -> str:
        rows = [(line.name, f"{line.cents:,}") for line in self.items]
        rows.append(("total", f"{self.total:,}"))
        wide, long = (max(len(row[place]) for row in rows) for place in (0, 1))
        return "\n".join(f"{name:<{wide}}  USD {amount:>{long}}" for name, amount in rows)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [(line.name, f"{line.cents:,}") for line in self.items]
        return html_table(("line", "USD per month"), [*rows, ("total", f"{self.total:,}")])


@dataclass(frozen=True, repr=False)
class Explanation:
    """A bill's arithmetic, as text or as a table."""

    bill: Bill

    def __str__(self) -> str:
        parts = [
            f"{line.name}: USD {line.cents:,}\n  {line.formula}"
            + "".join(f"\n  {_cited(each)}" for each in line.facts)
            for line in self.bill.items
        ]
        parts.append(f"total: USD {self.bill.total:,} (each line rounded to the cent, then added)")
        parts += [f"Taken for granted: {assumption}" for assumption in self.bill.assumptions]
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            (line.name, line.formula, f"{line.cents:,}", "; ".join(map(_cited, line.facts)))
            for line in self.bill.items
        ]
        rows.append(
            ("total", "each line rounded to the cent, then added", f"{self.bill.total:,}", "")
        )
        notes = "".join(f"<li>{html.escape(each)}</li>" for each in self.bill.assumptions)
        table = html_table(("line", "formula", "USD", "facts"), rows)
        return table + (f"<p>Taken for granted:</p><ul>{notes}</ul>" if notes else "")


def _together(first: Line, second: Line) -> Line:
    return Line(
        first.name,
        first.amount + second.amount,
        f"{first.formula}; {second.formula}",
        tuple(dict.fromkeys((*first.facts, *second.facts))),
    )


def _cited(fact_id: str) -> str:
    known = fact(fact_id)
    hedge = "" if known.confidence != "low" else ", weakly sourced"
    return f"{fact_id} ({known.source}, checked {known.checked}{hedge})"
