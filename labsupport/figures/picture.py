"""A figure together with what it says in words and numbers."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from labsupport.errors import LabValueError
from labsupport.tables import html_table, text_table

STYLE = Path(__file__).with_name("style.mplstyle")
PNG = "image/png"


@dataclass(frozen=True, repr=False)
class Picture:
    """A figure that can be seen, read aloud and compared.

    In a notebook it is an image with alternative text and a table below it, elsewhere plain text.
    Numbers that were measured, and so differ from run to run, follow the sign ≈.

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
        """The image: the same numbers always give the same bytes."""
        if not self._png:
            stream = io.BytesIO()
            with style.context(STYLE):
                self.figure.savefig(stream, format="png", metadata={"Software": None})
            self._png.append(stream.getvalue())
        return self._png[0]

    def __str__(self) -> str:
        return "\n".join([self.title, self.alt, text_table(self.head, self.rows)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        image = base64.b64encode(self.png).decode()
        return (
            f'<figure><img alt="{html.escape(f"{self.title}. {self.alt}")}" '
            f'style="max-width: 100%" src="data:{PNG};base64,{image}"></figure>'
            f"{html_table(self.head, self.rows)}"
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
        figure.set_layout_engine("none")  # it would move things a little with every drawing


def titled(axes: Any, title: str, about: str = "", *, pad: int = 0) -> None:
    """Write the finding above the axes, and below it, smaller, what it holds for.

    A title that is too long for the figure takes two lines, about as long as each other.

    Args:
        pad: points left free above the axes, for what else is written there.
    """
    if about:
        axes.annotate(
            about,
            (0, 1),
            xytext=(0, 5 + pad),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=10,
            annotation_clip=False,
        )
    text = axes.set_title(title, pad=6 + pad + (17 if about else 0))
    axes.figure.draw_without_rendering()
    room = axes.figure.bbox.width - 10 - text.get_window_extent().x0
    if text.get_window_extent().width > room:
        text.set_text("\n".join(wrap(title, len(title) // 2 + 8)))


def label_lines(axes: Any) -> None:
    """Write each line's label at its right end, apart from each other; no legend is needed."""
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    axes.figure.draw_without_rendering()
    bottom, top = axes.transAxes.transform([(0, 0), (0, 1)])[:, 1]
    ends = sorted(
        ((float(axes.transAxes.inverted().transform(_end(axes, line))[1]), line) for line in lines),
        key=lambda each: each[0],
    )
    places = spread_out([place for place, _ in ends], 18.0 / (top - bottom))
    for (end, line), place in zip(ends, places, strict=True):
        axes.annotate(
            line.get_label(),
            (1.0, end),
            xytext=(1.03, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": line.get_color(),
                "linewidth": 0.8,
                "shrinkA": 0,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def spread_out(wanted: Sequence[float], gap: float) -> list[float]:
    """Places in rising order, at least a gap apart, each as near as can be to the one wanted."""
    groups: list[tuple[float, int]] = []
    for place in wanted:
        middle, count = place, 1
        while groups and middle - (count - 1) * gap / 2 < (
            groups[-1][0] + (groups[-1][1] + 1) * gap / 2
        ):
            other, more = groups.pop()
            middle = (middle * count + other * more) / (count + more)
            count += more
        groups.append((middle, count))
    return [
        middle + (number - (count - 1) / 2) * gap
        for middle, count in groups
        for number in range(count)
    ]


def _end(axes: Any, line: Any) -> Any:
    return axes.transData.transform((line.get_xdata()[-1], line.get_ydata()[-1]))


def something(values: Any, name: str) -> None:
    """Refuse to draw nothing. Raise LabValueError, in one sentence."""
    if not (len(values) if hasattr(values, "__len__") else values):
        raise LabValueError(f"There is nothing to draw: {name} is empty.")


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


def plain(value: float) -> str:
    """A number as on an axis: 2,500."""
    return f"{value:,g}"
