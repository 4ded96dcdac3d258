"""Figures of questions: points that were computed or measured, as a drawing and as a table."""

from __future__ import annotations

import html
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

_Point = tuple[Decimal, Decimal]
_MARKS = ("circle", "square", "diamond", "cross")
_WIDTH, _HEIGHT = 520, 278
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 110, 34, 44


class Figure(BaseModel):
    """Lines through points: a title, the names of both axes with their units, and the points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1)]
    x: Annotated[str, Field(min_length=1)]
    y: Annotated[str, Field(min_length=1)]
    points: Annotated[dict[str, tuple[_Point, ...]], Field(min_length=1, max_length=len(_MARKS))]

    @model_validator(mode="after")
    def _drawable(self) -> Figure:
        if any(len(line) < 2 for line in self.points.values()):
            raise ValueError("A line of a figure has two or more points, each written [x, y].")
        return self

    def table(self) -> str:
        """Write the points as a table of plain text."""
        places = sorted({x for line in self.points.values() for x, _ in line})
        heads = [self.x, *(f"{name} ({self.y})" for name in self.points)]
        lines: list[Mapping[Decimal, Decimal]] = [dict(line) for line in self.points.values()]
        rows = [heads]
        for x in places:
            rows.append([_short(x), *(_short(line[x]) if x in line else "" for line in lines)])
        widths = [max(len(row[n]) for row in rows) for n in range(len(heads))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )

    def html(self, alt: str) -> str:
        """Draw the figure as SVG in the colours of the page, with its numbers below."""
        title, table = html.escape(self.title), html.escape(self.table())
        return (
            f'<figure class="cs-figure"><figcaption>{title}</figcaption>{self._svg(alt)}'
            f"<details><summary>The numbers</summary><pre>{table}</pre></details></figure>"
        )

    def _svg(self, alt: str) -> str:
        every = [point for line in self.points.values() for point in line]
        across, up = _ticks([x for x, _ in every]), _ticks([y for _, y in every])
        inner, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

        def place(x: Decimal, y: Decimal) -> tuple[float, float]:
            right = float((x - across[0]) / (across[-1] - across[0]))
            high = float((y - up[0]) / (up[-1] - up[0]))
            return round(_LEFT + right * inner, 1), round(_TOP + (1 - high) * tall, 1)

        parts: list[str] = []
        for tick in up:
            _, at = place(across[0], tick)
            parts.append(f'<path d="M{_LEFT} {at}h{inner}" opacity="0.25"/>')
            parts.append(_text(_LEFT - 6, at + 4, _short(tick), "end"))
        for tick in across:
            at, _ = place(tick, up[0])
            parts.append(_text(at, _HEIGHT - _BOTTOM + 16, _short(tick), "middle"))
        parts.append(_text(_LEFT + inner / 2, _HEIGHT - 8, self.x, "middle"))
        parts.append(_text(4, 14, self.y, "start"))
        dashes = ("", "6 3", "2 3", "8 3 2 3")
        for (name, line), dash, mark in zip(self.points.items(), dashes, _MARKS, strict=False):
            spots = [place(x, y) for x, y in sorted(line)]
            path = "M" + "L".join(f"{x} {y}" for x, y in spots)
            parts.append(f'<path d="{path}" stroke-width="2" stroke-dasharray="{dash}"/>')
            parts += [_mark(mark, x, y) for x, y in spots]
            parts.append(_text(spots[-1][0] + 8, spots[-1][1] + 4, name, "start"))
        return (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(alt)}" '
            'fill="none" stroke="currentColor" font-size="12" style="max-width:520px">'
            + "".join(parts)
            + "</svg>"
        )


def _ticks(values: list[Decimal]) -> list[Decimal]:
    """Give round numbers from nothing, or the lowest of `values`, to above the highest."""
    low, high = min(Decimal(0), *values), max(Decimal(0), *values)
    step = Decimal(1).scaleb((high - low).adjusted() - 1) if high > low else Decimal(1)
    for factor in (1, 2, 5, 10, 20, 50):
        if (high - low) / (step * factor) <= 6:
            step *= factor
            break
    first = (low / step).to_integral_value("ROUND_FLOOR")
    last = max(first + 1, (high / step).to_integral_value("ROUND_CEILING"))
    return [step * n for n in range(int(first), int(last) + 1)]


def _short(number: Decimal) -> str:
    digits = f"{number:,f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="currentColor" stroke="none">'
        f"{html.escape(words)}</text>"
    )


def _mark(mark: str, x: float, y: float) -> str:
    paths = {
        "square": f"M{x - 3} {y - 3}h6v6h-6z",
        "diamond": f"M{x} {y - 4}l4 4-4 4-4-4z",
        "cross": f"M{x - 3} {y - 3}l6 6m0-6l-6 6",
        "circle": f"M{x - 3} {y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    }
    return f'<path d="{paths[mark]}" fill="currentColor"/>'
