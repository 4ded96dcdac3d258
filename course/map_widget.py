"""The live map in the page: how far the learner got, and buttons that carry progress away and back.

The page sends ``{"type": "refresh"}`` whenever it is looked at again, ``{"type": "download"}``,
which is answered with a message ``{"type": "file", "name": …, "text": …}``, and
``{"type": "upload", "name": …, "text": …}``. A message ``{"type": "done"}`` ends each answer.
Downloading and uploading go through the page, so that they work where the server's files are out of
reach, as on Binder.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from course.map import link
from course.progress import (
    REMINDER,
    said_of_import,
    said_of_review,
)
from course.standing import Overview, overview
from quizzes.attempts import ProgressError
from quizzes.source import BankError
from quizzes.store import default_store, on_binder

if TYPE_CHECKING:
    from course.map import CourseMap

STATIC = Path(__file__).parent / "static"


class MapWidget(anywidget.AnyWidget):
    """The widget of one `CourseMap`; every view of it shows the same."""

    _esm = STATIC / "map.js"
    _css = STATIC / "map.css"

    html = traitlets.Unicode().tag(sync=True)
    advice = traitlets.Unicode().tag(sync=True)
    reminder = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)

    def __init__(self, course_map: CourseMap) -> None:
        self._map = course_map
        super().__init__(reminder=REMINDER if on_binder() else "")
        self.refresh()
        self.on_msg(self._receive)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the MIME bundle that shows a view, and its metadata."""
        return self._repr_mimebundle_() or ({}, {})

    def refresh(self, said: str = "") -> None:
        """Read the progress again and show it; `said` is told below."""
        try:
            seen = overview()
        except BankError as error:
            seen, said = None, f"{said} {str(error).partition(chr(10))[0]}".strip()
        with self.hold_sync():
            self.html = self._map.html(seen)
            self.advice = _advice(seen) if seen else ""
            self.said = said or (seen.notice if seen and seen.notice else "")

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        if not isinstance(content, Mapping):
            return
        match content.get("type"):
            case "refresh":
                self.refresh(self.said)
            case "download":
                self._download()
            case "upload":
                self._upload(str(content.get("text")), str(content.get("name")))
        self.send({"type": "done"})

    def _download(self) -> None:
        try:
            text = default_store().export_text()
        except ProgressError as error:
            self.refresh(str(error))
            return
        name = f"cold-start-progress-{date.today():%Y-%m-%d}.json"
        self.send({"type": "file", "name": name, "text": text})
        self.refresh(f"{name} was handed to your browser; upload it here when you are back.")

    def _upload(self, text: str, name: str) -> None:
        try:
            said = f"{name}: {said_of_import(default_store().import_text(text, name))}"
        except ProgressError as error:
            said = str(error)
        self.refresh(said)


def _advice(seen: Overview) -> str:
    lesson, step = seen.next_step()
    following = f"{lesson.label} · {link(lesson)}: {escape(step)}" if lesson else escape(step)
    review = f" <strong>Review:</strong> {escape(said_of_review(seen))}" if seen.recalls else ""
    return f"<strong>Next:</strong> {following}{review}"
