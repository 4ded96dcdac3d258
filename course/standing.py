"""Where a learner stands in the course: what is done, what is shaky, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from course.lessons import LESSONS, code_cells
from course.outline import Lesson, load_outline
from quizzes.attempts import Attempt
from quizzes.loading import load_bank
from quizzes.schedule import Recall, recalls
from quizzes.store import Store, default_store


@dataclass(frozen=True, slots=True)
class Standing:
    """One lesson: `exercises` says by name which were passed, `questions` by id which are right.

    A question of the checkpoint that was not answered in its lesson is None there. `shaky` are the
    questions of the lesson whose latest answer, in the checkpoint or in a review, was not right.
    """

    lesson: Lesson
    exercises: Mapping[str, bool]
    questions: Mapping[str, bool | None]
    shaky: tuple[str, ...]

    @property
    def begun(self) -> bool:
        """Whether anything of it was passed or answered."""
        return any(self.exercises.values()) or set(self.questions.values()) - {None} != set()

    @property
    def done(self) -> bool:
        """Whether all exercises were passed and all questions of its checkpoint are right."""
        return self.lesson.ready and all(self.exercises.values()) and all(self.questions.values())

    @property
    def right(self) -> int:
        """How many questions of the checkpoint are right."""
        return list(self.questions.values()).count(True)

    @property
    def state(self) -> str:
        """The lesson in a word: planned, not begun, begun or done."""
        if not self.lesson.ready:
            return "planned"
        return "done" if self.done else "begun" if self.begun else "not begun"

    def open(self) -> str:
        """Say what is missing, such as "2 exercises and questions 3 and 5"."""
        exercises = list(self.exercises.values()).count(False)
        missing = [str(n) for n, right in enumerate(self.questions.values(), 1) if not right]
        parts = [counted(exercises, "exercise")] if exercises else []
        if missing and len(missing) == len(self.questions):
            parts.append("the checkpoint")
        elif missing:
            parts.append(f"question{'s' * (len(missing) > 1)} {_joined(missing)}")
        return _joined(parts)


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole course as far as one learner got at the time `now`."""

    standings: tuple[Standing, ...]
    recalls: tuple[Recall, ...]
    now: datetime
    notice: str | None

    @property
    def due(self) -> int:
        """How many questions should be asked again now."""
        return sum(each.due <= self.now for each in self.recalls)

    def next_step(self) -> tuple[Lesson | None, str]:
        """Say what to do next, and in which lesson."""
        ready = [each for each in self.standings if each.lesson.ready]
        for each in ready:
            if each.begun and not each.done:
                return each.lesson, f"finish it: {each.open()}."
        if self.due:
            questions = counted(self.due, "question")
            return _review(), f"review {questions} that {'is' if self.due == 1 else 'are'} due."
        for each in ready:
            if not each.done:
                return each.lesson, "begin it."
        return None, "all lessons that are ready are done."


def overview(log: Store | None = None, now: datetime | None = None) -> Overview:
    """Read where the learner stands from the log of attempts; raises `BankError`."""
    log = log or default_store()
    now = now or datetime.now(UTC)
    counting = log.counting()
    quizzes = {quiz.lesson: quiz for quiz in load_bank().quizzes.values()}
    latest = {each.item_id: each for each in counting if each.kind == "quiz"}
    in_lesson = {
        each.item_id: each for each in counting if each.kind == "quiz" and each.mode == "quiz"
    }
    passed = {each.item_id for each in counting if each.outcome == "passed"}
    standings = []
    asked_again: set[str] = set()
    for lesson in load_outline().lessons:
        quiz = quizzes.get(lesson.label)
        asked = quiz.questions if quiz and lesson.ready else ()
        known = quiz.every() if quiz else ()
        asked_again.update(each.id for each in known)
        standings.append(
            Standing(
                lesson,
                {name: name in passed for name in exercises(lesson)},
                {each.id: _right(in_lesson.get(each.id)) for each in asked},
                tuple(each.id for each in known if _right(latest.get(each.id)) is False),
            )
        )
    again = tuple(each for each in recalls(counting, now) if each.item_id in asked_again)
    return Overview(tuple(standings), again, now, log.notice)


def exercises(lesson: Lesson) -> list[str]:
    """List the names of a lesson's exercises, in order; none while it is planned."""
    path = LESSONS / f"{lesson.stem}.md"
    text = path.read_text(encoding="utf-8") if lesson.ready and path.exists() else ""
    names = (name for cell in code_cells(text) for name in cell.checks)
    return list(dict.fromkeys(names))


def items(lesson: Lesson, log: list[Attempt]) -> dict[str, list[str]]:
    """List what was answered in a lesson, by kind: the ids of its questions and exercises."""
    quizzes = [quiz for quiz in load_bank().quizzes.values() if quiz.lesson == lesson.label]
    own = {each.id for quiz in quizzes for each in quiz.every()}
    prefixes = tuple(f"{quiz.quiz}-" for quiz in quizzes)  # of questions since taken out
    module = f"{lesson.id.replace('-', '_')}."
    found: dict[str, dict[str, None]] = {"quiz": {}, "exercise": {}}
    for each in log:
        if each.kind == "quiz" and (each.item_id in own or each.item_id.startswith(prefixes)):
            found["quiz"][each.item_id] = None
        elif each.kind == "exercise" and each.item_id.startswith(module):
            found["exercise"][each.item_id] = None
    return {kind: list(ids) for kind, ids in found.items() if ids}


def _right(attempt: Attempt | None) -> bool | None:
    return None if attempt is None else attempt.outcome == "right"


def _review() -> Lesson:
    return load_outline().lesson("review-and-exam")


def counted(number: int, what: str) -> str:
    """Write "1 question", "2 questions"."""
    return f"{number} {what}{'s' * (number != 1)}"


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
