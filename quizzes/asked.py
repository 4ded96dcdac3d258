"""One question as it is put to a learner: its numbers, the answer, hints, tries and solution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quizzes import page, store
from quizzes.attempts import Attempt
from quizzes.grading import Grade
from quizzes.model import Question

KIND = "quiz"
TRIES = 2
"""After so many tries that were not right, the solution is offered."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The learner's present answer to a question, in the form it is saved, and its grade."""

    answer: Any
    grade: Grade
    attempt: Attempt


class Asked:
    """A question with what the learner has done about it.

    `question` is the instance that is shown, `answered` the latest answer, `mode` how it is asked
    (see `quizzes.attempts.Attempt`), `details` what is saved with each answer.
    """

    def __init__(
        self, question: Question, mode: str = "quiz", details: Mapping[str, Any] | None = None
    ) -> None:
        self.question = question.instance()
        self.mode = mode
        self._details = details or {}
        self.answered: Answered | None = None
        self._pages: dict[int, dict[str, Any]] = {}
        self._anew()

    def page(self, number: int, total: int) -> dict[str, Any]:
        """Give what the page is told of the question, the `number`th of `total`."""
        seed = self.question.seed
        if seed not in self._pages:
            self._pages[seed] = page.question(self.question, number, total)
        return self._pages[seed]

    def _anew(self) -> None:
        self.tries = 0  # that were not right, since the last that was
        self.hints = 0  # shown
        self.revealed = False
        self.cleared = False

    def restore(self, attempts: Sequence[Attempt]) -> None:
        """Take up the saved answers to this question, oldest first."""
        before, self.answered, self.cleared = self.answered, None, False
        if not attempts:
            return
        last = attempts[-1]
        question = self.question.instance(last.seed)
        grade = question.again(last.answer, last.outcome, last.score)
        if grade.outcome == "not attempted":  # the question was changed since
            return
        self.answered = Answered(question.kept(last.answer), grade, last)
        if before is not None and before.attempt.uuid == last.uuid and question is self.question:
            return
        self.question = question
        self._anew()
        self.hints = min(last.hints, len(question.hints))
        self.revealed = bool(last.details.get("revealed"))
        for attempt in attempts:
            same = attempt.seed == last.seed and attempt.outcome != "right"
            self.tries = self.tries + 1 if same else 0

    def take(self, answer: object, grade: Grade) -> str | None:
        """Save an answer with its grade; say in a sentence what hindered that, if anything did.

        What was not attempted is not saved.
        """
        if grade.outcome == "not attempted":
            return None
        kept = self.question.kept(answer)
        details = dict(self._details)
        if self.question.varies:
            details["seed"] = self.question.seed
        if self.hints or self.revealed:
            details["hints"] = self.hints + self.revealed
        if self.revealed:
            details["revealed"] = True
        log = store.default_store()
        attempt = log.record(
            KIND,
            self.question.id,
            kept,
            grade.outcome,
            grade.score,
            mode=self.mode,
            details=details,
        )
        self.answered = Answered(kept, grade, attempt)
        self.cleared = False
        self.tries = 0 if grade.outcome == "right" else self.tries + 1
        return log.notice

    @property
    def may_reveal(self) -> bool:
        """Whether the solution may be shown now."""
        return self.tries >= TRIES or self.revealed or self.question.kind == "open"

    def hint(self) -> None:
        """Show the next hint, if there is one left."""
        self.hints = min(self.hints + 1, len(self.question.hints))

    def reveal(self) -> None:
        """Show the solution, if it may be shown."""
        self.revealed = self.may_reveal

    def again(self) -> None:
        """Take the answer off the page, for another try; mixed options are mixed anew."""
        if not self.question.parameters:
            self.question = self.question.instance(self.question.fresh(self.question.seed))
        self.revealed, self.cleared = False, True

    def renew(self) -> None:
        """Ask with the next numbers."""
        self.question = self.question.instance(self.question.fresh(self.question.seed))
        self._anew()
        self.cleared = True

    def help(self) -> list[str]:
        """Give the hints and the solution that are shown, in Markdown."""
        hints = self.question.hints
        pieces = [
            f"**Hint {n} of {len(hints)}.** {hint}" for n, hint in enumerate(hints[: self.hints], 1)
        ]
        if self.revealed:
            pieces.append(f"**Solution.**\n\n{self.question.solution()}")
        return pieces

    def state(
        self,
        token: str | None = None,
        grade: Grade | None = None,
        notice: str = "",
        busy: bool = False,
    ) -> dict[str, Any]:
        """Give the state for the page; `grade` is that of an answer that was not saved."""
        answered = None if self.cleared else self.answered
        grade = grade or (answered.grade if answered else None)
        return page.state(
            token=token,
            answer=answered.answer if answered else None,
            grade=grade,
            others=page.others(self.question) if grade and grade.outcome == "right" else "",
            label=page.LABELS[answered.grade.outcome] if answered else "",
            notice=notice,
            help=self.help(),
            hints_left=len(self.question.hints) - self.hints,
            reveal=self.may_reveal and not self.revealed,
            busy=busy,
        )
