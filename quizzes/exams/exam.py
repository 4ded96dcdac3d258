"""The exam, and practice for it, as the learner meets them: started, answered, finished.

>>> sitting = exam()  # `quizzes.exams.opening`; at the end of a cell, it shows where you stand
>>> sitting.start()  # from now on its time runs, whatever happens to this notebook
>>> sitting.answer(1, "b")  # saved at once; may be changed until the end
>>> sitting.finish()  # the report

Practice (``practice()``) is the same without a clock, and says of each answer what it is worth;
``interview()`` asks open questions, with model answers, in sets of some minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from quizzes import store
from quizzes.asked import TRIES, Asked
from quizzes.attempts import Attempt
from quizzes.exams import sitting as sittings
from quizzes.exams import words
from quizzes.exams.blueprint import load_blueprint
from quizzes.exams.certificate import Certificate
from quizzes.exams.clock import SittingClock
from quizzes.exams.drawing import SEEDS
from quizzes.exams.marking import INTERVIEW, Course, Placed, certified, marked, placed, planned
from quizzes.exams.report import Report
from quizzes.exams.sitting import End, Kept, Mode, Sitting
from quizzes.exams.words import ExamError
from quizzes.grading import Grade
from quizzes.loading import Bank, UnknownQuestion, load_bank
from quizzes.markup import Words
from quizzes.quiz import in_a_kernel
from quizzes.text import counted

if TYPE_CHECKING:
    from quizzes.exams.view import View

DRILL_MINUTES = 15


class Exam:
    """The latest sitting of one mode, or the offer to begin one."""

    def __init__(self, mode: Mode, course: Course, minutes: int = DRILL_MINUTES) -> None:
        self.mode: Mode = mode
        self.course = course
        self.minutes = minutes  # of answering, in an interview drill
        self.blueprint = load_blueprint()
        self.notice: str | None = None
        self.answers: dict[str, Attempt] = {}
        self.questions: list[Placed] = []
        self._kept: Kept | None = None
        self._clock: SittingClock | None = None
        self._bank: Bank | None = None
        self._view: View | None = None
        self.lock = RLock()  # a page's messages may come in a thread of their own
        self.restore()

    @property
    def name(self) -> str:
        """What it is called, such as "Exam" with its title."""
        if self.mode == "interview":
            return INTERVIEW
        return f"{self.mode.capitalize()}: {self.blueprint.title}"

    @property
    def sitting(self) -> Sitting | None:
        """The latest sitting, whether it runs or is over."""
        return self._kept.sitting if self._kept else None

    @property
    def running(self) -> bool:
        """Whether a sitting runs, its time not being up."""
        return self._kept is not None and self._kept.end is None

    def start(self, seed: int | None = None) -> Exam:
        """Begin a sitting, and with it the time. One that runs already goes on instead.

        `seed` draws the questions, as anybody else's with the same seed; by chance when left out.
        Raises `ExamError` when the bank has no questions for the blueprint.
        """
        with self.lock:
            self.restore()
            if not self.running:
                self._begin(secrets.randbelow(SEEDS) if seed is None else int(seed))
                self.restore()
        return self

    def answer(self, question: str | int, answer: object = None) -> Words | Grade:
        """Save an answer, in place of an earlier one to the same question.

        `question` is its number in this sitting or its id, `answer` what its instruction asks for.
        In practice, it is graded at once. Raises `ExamError` where no sitting runs, and
        `UnknownQuestion`, a KeyError, for a question that is not in this sitting.
        """
        with self.lock:
            if self.sitting is None:
                raise ExamError("Nothing to answer yet: begin with start().")
            said = self.judge(self._find(question), answer)
            if self._view:
                self._view.show()
        return said

    def hint(self, question: str | int) -> Words:
        """Show the next hint of a question, and give all shown so far; not in an exam."""
        asked = self._help(question, Asked.hint)
        none = "There are no hints for this question."
        return Words("\n\n".join(asked.help()[: asked.hints]) or none)

    def solution(self, question: str | int) -> Words:
        """Show the solution or model answer, once it may be shown; not in an exam."""
        asked = self._help(question, Asked.reveal)
        not_yet = f"The solution is shown after {TRIES} tries that were not right."
        return Words(asked.help()[-1] if asked.revealed else not_yet)

    def new_numbers(self, question: str | int) -> Words:
        """Ask a question that has parameters with its next numbers; not in an exam."""
        return Words(self._help(question, Asked.renew).question.body())

    def time_left(self) -> timedelta | None:
        """Give the time left of the running sitting; None where no time runs."""
        if not self.running or self.sitting is None or self._clock is None:
            return None
        ends = self.sitting.ends
        return None if ends is None else max(ends - self._clock.now(), timedelta(0))

    def unanswered(self) -> list[int]:
        """List the numbers of the questions that have no answer yet."""
        return [each.number for each in self.questions if each.drawn.id not in self.answers]

    def finish(self, *, sure: bool = False) -> Report | Words:
        """End the sitting and give its report; with questions unanswered, only if `sure`."""
        with self.lock:
            self.restore()
            if self.running and self.unanswered() and not sure:
                return Words(f"{self.open_questions()} To end all the same: `finish(sure=True)`.")
            if self.running:
                self._end(by_time=False)
            if self._view:
                self._view.show()
        return self.report()

    def open_questions(self) -> str:
        """Say which questions have no answer yet."""
        numbers = self.unanswered()
        if not numbers:
            return f"All {counted(len(self.questions))} are answered."
        some = ", ".join(map(str, numbers[:12])) + (", …" if len(numbers) > 12 else "")
        are = "question has" if len(numbers) == 1 else "questions have"
        return f"{len(numbers)} of {len(self.questions)} {are} no answer: {some}."

    def report(self) -> Report:
        """Give the report of the latest sitting: of an exam at its end, of practice at any time.

        Raises `ExamError` before that.
        """
        with self.lock:
            self.restore()
            if self._kept is None:
                raise ExamError("There is nothing to report yet: begin with start().")
            if self.mode == "exam" and self.running:
                raise ExamError("The report comes at the end; finish() ends the exam.")
            return self._marked(self._kept.end)

    def certificate(self, name: str) -> Certificate:
        """Make the certificate of the latest passed exam, for the person called `name`.

        Its ``save()`` writes ``certificate.svg`` and ``certificate.pdf``. Raises
        `CertificateError` when no exam was passed, or the name cannot be printed.
        """
        return certified(
            sittings.sittings(store.default_store(), "exam"), name, self.course.version
        )

    def restore(self) -> None:
        """Read the log again: another kernel may have begun, answered or ended."""
        with self.lock:
            log = store.default_store()
            found = sittings.sittings(log, self.mode)
            self.notice = log.notice
            before, self._kept = self.sitting, found[-1] if found else None
            if self._kept is None:
                self.questions, self.answers = [], {}
                return
            self.answers = dict(self._kept.answers)
            if self.sitting != before or self._clock is None:
                self._clock = self._kept.clock()
                self._bank = load_bank()
                self.questions = placed(self._kept.sitting, self._bank)
            for each in self.questions:
                if each.asked and each.drawn.id in self.answers:
                    each.asked.restore([self.answers[each.drawn.id]])
            if self.time_left() == timedelta(0):
                self._end(by_time=True)

    def judge(self, placed: Placed, answer: object) -> Words | Grade:
        """Save an answer if it comes in time, and say what may be said of it now."""
        if self.time_left() == timedelta(0):
            self._end(by_time=True)
        if not self.running or self._ended_elsewhere():
            return Words(f"{self._over()} This answer came after the end and does not count.")
        asked = placed.asked
        if asked is None:
            return Words(words.GONE)
        grade = asked.question.grade(answer)
        if grade.outcome == "not attempted":
            return grade
        self.notice = asked.take(answer, grade)
        assert asked.answered is not None
        self.answers[placed.drawn.id] = asked.answered.attempt
        if self.mode != "exam":
            return grade
        count = f"{len(self.questions) - len(self.unanswered())} of {len(self.questions)} answered"
        left = self.time_left()
        minutes = f", {words.minutes_of(left)} left" if left is not None else ""
        return Words(f"Saved: {count}{minutes}.{f' {self.notice}' if self.notice else ''}")

    def __repr__(self) -> str:
        return words.plain(self)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if not in_a_kernel():
            return {"text/plain": repr(self)}, {}
        # A stored notebook tells what the exam is, and nothing of who took it.
        data: dict[str, Any] = {
            "text/plain": words.offer(self),
            "text/html": words.offer_html(self),
        }
        shown, metadata = self.view().widget.bundle()
        return {**shown, **data}, metadata

    def view(self) -> View:
        """Give what is shown in the page, made on first use."""
        if self._view is None or self._view.widget.comm is None:
            from quizzes.exams.view import View

            self._view = View(self)
        self._view.show()
        return self._view

    def _over(self) -> str:
        end = self._kept.end if self._kept else None
        if end is None:
            return "This sitting is over."
        at = f"{end.at.astimezone():%H:%M}"
        return f"Time was up at {at}." if end.by_time else f"This sitting ended at {at}."

    def _ended_elsewhere(self) -> bool:
        assert self.sitting is not None
        if sittings.is_finished(store.default_store(), self.sitting):
            self.restore()
        return not self.running

    def _begin(self, seed: int) -> None:
        plan = planned(self.mode, self.blueprint, load_bank(), seed, self.minutes)
        if not plan.questions:
            raise ExamError("The question bank has no questions for this; there is none yet.")
        sittings.begin(
            store.default_store(),
            mode=self.mode,
            title=plan.title,
            seed=seed,
            questions=plan.questions,
            pass_mark=plan.pass_mark,
            minutes=plan.minutes,
        )

    def _end(self, *, by_time: bool) -> None:
        assert self._kept is not None
        assert self._clock is not None
        at = self._clock.now()
        ends = self._kept.sitting.ends
        end = End(ends if by_time and ends else at, by_time, 0.0)
        end = End(end.at, by_time, self._marked(end).score)
        sittings.finish(store.default_store(), self._kept.sitting, end)
        sitting, seen = self._kept.sitting, self._kept.seen
        self._kept = Kept(sitting, dict(self.answers), end, seen)

    def _marked(self, end: End | None) -> Report:
        assert self.sitting is not None
        assert self._bank is not None
        return marked(
            title=self.name,
            sitting=self.sitting,
            end=end,
            questions=self.questions,
            answers=self.answers,
            bank=self._bank,
            course=self.course,
        )

    def _help(self, question: str | int, change: Callable[[Asked], None]) -> Asked:
        if self.mode == "exam":
            raise ExamError("There is no help in the exam; the report has every solution.")
        with self.lock:
            asked = self._find(question).asked
            if asked is None:
                raise ExamError(words.GONE)
            change(asked)
            if self._view:
                self._view.show()
        return asked

    def _find(self, question: str | int) -> Placed:
        for each in self.questions:
            if question in (each.number, each.drawn.id) and not isinstance(question, bool):
                return each
        raise UnknownQuestion(
            f"There is no question {question!r} in this sitting; give a number from 1 to "
            f"{len(self.questions)}."
        )
