"""A figure together with what it says in words and numbers."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("style.mplstyle")
PNG = "image/png"


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure that can be seen, read aloud and compared.

    In a notebook it is an image with alternative text and a table below it, elsewhere plain text.

    Args:
        title: states the finding.
        alt: says in words what the figure shows.
        head: the names of the table's columns.
        rows: the numbers behind the figure, as text.
    """

    figure: Figure
    title: str
    alt: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    _png: list[bytes] = field(default_factory=list, compare=False)

    @property
    def png(self) -> bytes:
        """The image."""
        if not self._png:
            stream = io.BytesIO()
            with style.context(STYLE):
                self.figure.savefig(stream, format="png", metadata={"Software": None})
            self._png.append(stream.getvalue())
        return self._png[0]

    def __str__(self) -> str:
        cells = [list(self.head), *map(list, self.rows)]
        wide = [max(len(row[place]) for row in cells) for place in range(len(self.head))]
        lines = [
            "  ".join(f"{cell:>{size}}" for cell, size in zip(row, wide, strict=True))
            for row in cells
        ]
        return "\n".join([self.title, self.alt, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        image = base64.b64encode(self.png).decode()
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.head)
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self.rows
        )
        return (
            f'<figure><img alt="{html.escape(self.alt)}" style="max-width: 100%" '
            f'src="data:{PNG};base64,{image}"></figure>'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


@contextmanager
def drawing(*, panels: int = 1, height: float = 4.2) -> Iterator[tuple[Any, ...]]:
    """An empty figure in the course's style, and its axes, one above the other.

    It belongs to nobody but the caller; pyplot never knows of it.
    """
    with style.context(STYLE):
        figure = Figure(figsize=(7.6, height))
        yield figure, *figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
        figure.draw_without_rendering()


def label_lines(axes: Any) -> None:
    """Write each line's label at its right end, apart from each other; no legend is needed."""
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    axes.figure.draw_without_rendering()
    bottom, top = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
    ends = sorted(
        (float(axes.transData.transform((line.get_xdata()[-1], line.get_ydata()[-1]))[1]), line)
        for line in lines
    )
    gap, last = 16.0, float("-inf")
    for place, line in ends:
        last = max(min(place, top), last + gap, bottom)
        axes.annotate(
            line.get_label(),
            (1.01, (last - bottom) / (top - bottom)),
            xycoords="axes fraction",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
        )


def money(value: Any) -> str:
    """US dollars, to the cent."""
    return f"{value:,.2f}"


def axis_in(unit: Callable[[float], str]) -> Callable[[float, object], str]:
    """A tick formatter that writes numbers in words of a unit."""
    return lambda value, _: unit(value)


def short(value: float) -> str:
    """A large number as on an axis: 2.5 M for 2,500,000."""
    for size, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g} {name}"
    return f"{value:g}"
