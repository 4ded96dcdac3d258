"""Draws the map of the course from the outline, for the first notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from course.outline import Lesson, Module, Outline, load_outline

_GRID = "display:grid;grid-template-columns:repeat(auto-fit,minmax(16em,1fr));gap:.75em"
_CARD = "border:1px solid var(--jp-border-color1,#bdbdbd);border-radius:4px;padding:.5em .75em"
_LIST = "list-style:none;margin:.25em 0 0;padding:0"
_ITEM = "margin:.4em 0;padding-left:2.2em;text-indent:-2.2em"
_QUIET = "color:var(--jp-ui-font-color1,#424242);font-style:italic"


@dataclass(frozen=True)
class CourseMap:
    """The course at a glance: every lesson in order, the planned ones marked as planned."""

    outline: Outline

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
        modules = "".join(_module(module) for module in self.outline.modules)
        return (
            f'<div role="group" aria-label="Map of the course"><p>{self._summary()}</p>'
            f'<div style="{_GRID}">{modules}</div></div>'
        )


def course_map() -> CourseMap:
    """The map of the course; show it as the last line of a cell."""
    return CourseMap(load_outline())


def _module(module: Module) -> str:
    lessons = "".join(_lesson(lesson) for lesson in module.lessons)
    return (
        f'<div style="{_CARD}"><strong>{escape(module.title)}</strong>'
        f'<ul style="{_LIST}">{lessons}</ul></div>'
    )


def _lesson(lesson: Lesson) -> str:
    title = escape(lesson.title)
    if lesson.ready:
        name = f'<a href="{lesson.stem}.ipynb">{title}</a>'
        state = f"{lesson.minutes} min"
    else:
        name = title
        state = f'{lesson.minutes} min, <span style="{_QUIET}">planned</span>'
    return f'<li style="{_ITEM}">{lesson.label} · {name} ({state})</li>'
