"""Questions in the page: one anywidget component for checkpoints, review and the exam.

What is synchronised with the page is the questions, and for each of them its state: the learner's
answer, and what the kernel has said of it so far. The key, the reasons of options that were not
chosen, hints not asked for and solutions not due stay in the kernel; `quizzes.page` makes both.

The page sends ``{"type": …, "question": id, "answer": …, "token": …}``. The types are

``check``   grade the answer
``save``    keep the answer and say nothing of it (where `feedback` is "none")
``hint``    give the next hint
``reveal``  show the solution
``again``   take the answer and its feedback off the page
``renew``   ask with new numbers
``action``  a button of `actions`, named in ``action``; the number of a question chosen in the
            `overview`; "time-up" when the countdown ends, and "time" to be told it again

and the kernel's reply is the question's new state with that token, by `show_state`. Without a reply
in two seconds the page says so; a late one is shown all the same.

For an exam, give ``feedback="none"``: the button says Save, each change is sent as ``save`` by
itself, and a state made with `quizzes.page.state` without a grade shows none. A text such as
``timer="Time left: {left}"`` stands above the questions and is counted down from `seconds_left` in
the page alone; set `seconds_left` again to put it right. To ask one question at a time, set
`questions` and `states` to that one, `actions` to the buttons that lead on, and `overview` to what
there is of each: its ``number``, a ``label``, its ``state`` (an outcome, "saved" or nothing), and
whether it is ``here``. `intro` is safe HTML that stands above the questions, or in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"
PARTS = ("dom", "ordering", "kinds", "question", "countdown", "overview", "quiz")


@cache
def script() -> str:
    """Join the parts of the page's half in one module: anywidget takes a single file."""
    text = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in PARTS)
    return re.sub(r'^import .* from "\./.*";\n|^export (?!default)', "", text, flags=re.MULTILINE)


class QuizWidget(anywidget.AnyWidget):
    """Questions with their states; every view of it shows the same.

    `receive` is called with each message of the page that is a mapping.
    """

    _esm = script()
    _css = STATIC / "quiz.css"

    title = traitlets.Unicode().tag(sync=True)
    feedback = traitlets.Enum(["at once", "none"], "at once").tag(sync=True)
    questions: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    states = traitlets.Dict().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)
    intro = traitlets.Unicode().tag(sync=True)
    overview: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    actions: traitlets.List[dict[str, str]] = traitlets.List().tag(sync=True)
    timer = traitlets.Unicode().tag(sync=True)
    seconds_left = traitlets.Float(None, allow_none=True).tag(sync=True)

    def __init__(self, receive: Callable[[Mapping[str, Any]], None], **traits: Any) -> None:
        self._received = receive
        self._serial = 0
        super().__init__(**traits)
        self.on_msg(self._receive)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the MIME bundle that shows a view, and its metadata."""
        return self._repr_mimebundle_() or ({}, {})

    def show_states(self, states: Mapping[str, dict[str, Any]], **traits: Any) -> None:
        """Show new states of some questions, by id, together with other traits in one message."""
        with self.hold_sync():
            for name, value in traits.items():
                setattr(self, name, value)
            self._serial += 1
            new = {id_: state | {"serial": self._serial} for id_, state in states.items()}
            self.states = self.states | new

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict):
            self._received(content)
