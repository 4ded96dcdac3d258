"""The questions and their schema: what a bank file may hold, and what a question can do.

A bank file is YAML, ``quizzes/bank/NN-name.yml``, one a lesson (bank/README.md has an example):

``quiz``        the name given to ``checkpoint("…")``: the file's name without its number
``lesson``      number of the lesson in course/outline.yml, such as ``02``
``title``       heading of the quiz, plain text
``questions``   the checkpoint's questions; left out while the lesson is planned
``exam``        optional: questions that only the exam and the review draw

``quizzes/bank/interview.yml`` has ``interview``, a list of ``open`` questions, and nothing else.

Every question has

``id``          unique in the whole bank; answers are saved under it, so it never changes
``kind``        one of the kinds below
``objective``   the one objective of the outline that it tests, by its id
``prompt``      the question, in Markdown
``exhibit``     optional: what is to be read, ``log``, ``code`` with ``language``, or ``figure``
                with ``alt`` (`quizzes.exhibits`)
``facts``       optional: ids of facts its answer rests on, beside those in roles
``hints``       optional: up to three Markdown texts, from a nudge to nearly there
``difficulty``  1, 2 or 3; 2 when left out
``order``       ``shuffled`` shows options or items in another order each time; else ``fixed``
``parameters``  optional: numbers drawn from a seed (`quizzes.parameters`); texts use them with
                ``{given}`name```, ``{computed}`formula``` and ``{money}`formula```
                (`quizzes.formulas`)

The kinds and their further fields: ``single``, ``multiple`` (`quizzes.kinds.choice`), ``numeric``,
``text`` (`quizzes.kinds.words`), ``ordering``, ``matching``, ``gaps``, ``predict``, ``lab`` and
``open`` (`quizzes.kinds.interview`). In all texts, ``{fact}`id``` stands for a fact with its unit,
``{value}`id``` for the bare value, ``{reported}`id``` for a fact of low confidence.

Whatever shows or asks questions uses these, the same for all kinds, and never asks for the kind:

>>> question = load_bank()["first-function-freeze"].instance(seed=0)  # numbers and order settled
>>> question.shown()          # dict for the page: all that is asked, nothing of the answer
>>> question.body(), question.rows(), question.instruction()   # the same as Markdown, for text
>>> grade = question.grade(answer)   # Grade(outcome, score, feedback); never raises for an answer
>>> question.kept(answer)     # the JSON form in which a graded answer is saved, with question.seed
>>> question.again(kept, outcome, score)   # the grade of a saved answer
>>> question.solution()       # Markdown of the right answer and why, for revealing
>>> question.left_out()       # [(letter, reason)] of wrong options, told after the right answer
>>> question.right_answer()   # an answer graded right; None for lab questions
>>> question.example()        # Python source of an answer as it may look
>>> question.original(kept)   # a kept answer in the bank's letters, whatever the seed mixed
>>> question.fresh(seed)      # the next seed with other numbers or order; `question.varies`
>>> question.hints            # Markdown, filled in (page: `markup.to_html`)
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from quizzes.kinds import base
from quizzes.kinds.base import Name, Part
from quizzes.kinds.choice import Multiple, Option, Single
from quizzes.kinds.gaps import Gaps
from quizzes.kinds.interview import Open
from quizzes.kinds.lab import Lab
from quizzes.kinds.matching import Matching
from quizzes.kinds.numeric import Mistake, Numeric
from quizzes.kinds.ordering import Ordering
from quizzes.kinds.predict import Predict
from quizzes.kinds.words import Text

__all__ = [
    "Gaps",
    "Interview",
    "Lab",
    "Matching",
    "Mistake",
    "Multiple",
    "Numeric",
    "Open",
    "Option",
    "Ordering",
    "Predict",
    "Question",
    "Quiz",
    "Single",
    "Text",
]

Question: TypeAlias = base.Question
_Asked: TypeAlias = Annotated[
    Single | Multiple | Numeric | Text | Ordering | Matching | Gaps | Predict | Lab,
    Field(discriminator="kind"),
]
_Questions: TypeAlias = Annotated[tuple[_Asked, ...], Field(min_length=1)]


class Quiz(Part):
    """A lesson's questions, in order: those of its checkpoint, and those of the exam."""

    quiz: Name
    lesson: Annotated[str, StringConstraints(pattern=r"^\d\d$")]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    questions: _Questions = ()
    exam: _Questions = ()

    @model_validator(mode="after")
    def _some(self) -> Quiz:
        if not self.questions and not self.exam:
            raise ValueError("A quiz has `questions`, or `exam` while its lesson is planned.")
        return self

    @property
    def planned(self) -> bool:
        """Whether the lesson has no checkpoint yet."""
        return not self.questions

    def every(self) -> tuple[Question, ...]:
        """Give the checkpoint's questions, then the exam's."""
        return (*self.questions, *self.exam)


class Interview(Part):
    """The open questions of the interview drill."""

    interview: Annotated[tuple[Open, ...], Field(min_length=1)]

    def every(self) -> tuple[Question, ...]:
        """Give all questions."""
        return self.interview
