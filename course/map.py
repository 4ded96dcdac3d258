"""Draws the map of the course from the outline, for the first notebook.

In a kernel the map is live: it says of every lesson how far the learner got, and what to do next
(`course.map_widget`). As text, and in a notebook that nobody runs, it is the outline alone, so that
a stored notebook does not depend on who ran it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from course.outline import Lesson, Module, Outline, load_outline
from labsupport.notebook import shell

if TYPE_CHECKING:
    from course.map_widget import MapWidget
    from course.standing import Overview, Standing

_GRID = "display:grid;grid-template-columns:repeat(auto-fit,minmax(16em,1fr));gap:.75em"
_CARD = "border:1px solid var(--jp-border-color1,#bdbdbd);border-radius:4px;padding:.5em .75em"
_LIST = "list-style:none;margin:.25em 0 0;padding:0"
_ITEM = "margin:.4em 0;padding-left:2.2em;text-indent:-2.2em"
_QUIET = "color:var(--jp-ui-font-color1,#424242);font-style:italic"


@dataclass
class CourseMap:
    """The course at a glance: every lesson in order, the planned ones marked as planned."""

    outline: Outline
    _widget: MapWidget | None = field(default=None, repr=False, compare=False)

    def _summary(self) -> str:
        lessons = self.outline.lessons
        hours = round(sum(lesson.minutes for lesson in lessons) / 60)
        ready = sum(lesson.ready for lesson in lessons)
        return f"The course: {len(lessons)} lessons, about {hours} hours. Ready to open: {ready}."

    def __repr__(self) -> str:
        width = max(len(lesson.title) for lesson in self.outline.lessons)
        lines = [self._summary()]
        for module in self.outline.modules:
            lines += ["", module.title]
            for lesson in module.lessons:
                title = lesson.title.ljust(width)
                lines.append(f"  {lesson.label}  {title}  {lesson.minutes:>3} min  {lesson.status}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self, seen: Overview | None = None) -> str:
        """Draw the map, with how far the learner got where that was `seen`."""
        standings = {each.lesson.id: each for each in seen.standings} if seen else {}
        modules = "".join(_module(module, standings) for module in self.outline.modules)
        return (
            f'<div role="group" aria-label="Map of the course"><p>{self._summary()}</p>'
            f'<div style="{_GRID}">{modules}</div></div>'
        )

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/plain": repr(self), "text/html": self.html()}
        metadata: dict[str, Any] = {}
        if shell() is not None:
            if self._widget is None or self._widget.comm is None:
                from course.map_widget import MapWidget

                self._widget = MapWidget(self)
            shown, metadata = self._widget.bundle()
            data = {**shown, **data}
        return data, metadata


def course_map() -> CourseMap:
    """The map of the course; show it as the last line of a cell."""
    return CourseMap(load_outline())


def link(lesson: Lesson) -> str:
    """A lesson's title as a link to its notebook, once there is one."""
    title = escape(lesson.title)
    return f'<a href="{lesson.stem}.ipynb">{title}</a>' if lesson.ready else title


def _module(module: Module, standings: dict[str, Standing]) -> str:
    lessons = "".join(_lesson(lesson, standings.get(lesson.id)) for lesson in module.lessons)
    return (
        f'<div style="{_CARD}"><strong>{escape(module.title)}</strong>'
        f'<ul style="{_LIST}">{lessons}</ul></div>'
    )


def _lesson(lesson: Lesson, standing: Standing | None) -> str:
    state = f"{lesson.minutes} min"
    if not lesson.ready:
        state += f', <span style="{_QUIET}">planned</span>'
    so_far = f": {_so_far(standing)}" if standing and lesson.ready else ""
    return f'<li style="{_ITEM}">{lesson.label} · {link(lesson)} ({state}){so_far}</li>'


def _so_far(standing: Standing) -> str:
    parts = [f"<strong>{standing.state}</strong>"]
    if standing.begun and not standing.done:
        parts.append(f"open: {escape(standing.open())}")
    if standing.shaky:
        parts.append(f"{len(standing.shaky)} shaky")
    return ", ".join(parts)
