"""Checkpoint quizzes: questions that test a decision, graded with reasons, saved at once.

>>> from quizzes import checkpoint
>>> quiz = checkpoint("first-function")  # at the end of a cell, it shows the quiz
>>> quiz.answer(1, "b")  # the same from Python, by number or by the question's id

`load_bank` gives the questions themselves, for tests and tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quizzes.exams.opening import exam as exam
    from quizzes.exams.opening import interview as interview
    from quizzes.exams.opening import practice as practice
    from quizzes.grading import Grade as Grade
    from quizzes.loading import load_bank as load_bank
    from quizzes.quiz import checkpoint as checkpoint
    from quizzes.reviewing import review as review

__all__ = ["Grade", "checkpoint", "exam", "interview", "load_bank", "practice", "review"]

_HOMES = {
    "Grade": "grading",
    "checkpoint": "quiz",
    "exam": "exams.opening",
    "interview": "exams.opening",
    "load_bank": "loading",
    "practice": "exams.opening",
    "review": "reviewing",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: what reads or writes progress alone needs none of the rest.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"quizzes.{_HOMES[name]}"), name)
