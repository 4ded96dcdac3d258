"""Bars as HTML: quick to make, with real text, in the page's own colours."""

from __future__ import annotations

import html
from collections.abc import Sequence
from decimal import Decimal

COLOURS = ("#1f77b4", "#b8560f")


def bars(rows: Sequence[tuple[str, Decimal]], alt: str, *, marked: str = "") -> str:
    """A bar for each name with its US dollars a month; the longest fills the room there is.

    Args:
        alt: says the same in words.
        marked: the name whose bar stands out.
    """
    most = max((amount for _, amount in rows), default=Decimal(0)) or Decimal(1)
    lines = "".join(_bar(name, amount, most, marked) for name, amount in rows)
    return (
        f'<div role="img" aria-label="{html.escape(alt)}" style="display: grid; gap: 4px 8px; '
        f'grid-template-columns: max-content 1fr; align-items: center">'
        f"<span></span><span>USD per month</span>{lines}</div>"
    )


def _bar(name: str, amount: Decimal, most: Decimal, marked: str) -> str:
    share = float(amount / most) * 75
    colour = COLOURS[name == marked]
    label = html.escape(f"▸ {name}" if name == marked else name)
    return (
        f'<span style="text-align: right">{label}</span><span style="display: flex; gap: 6px; '
        f'align-items: center"><span style="display: inline-block; height: 16px; min-width: 1px; '
        f'width: {share:.2f}%; background: {colour}"></span><span>{amount:,.2f}</span></span>'
    )
