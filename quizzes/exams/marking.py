"""What of the bank may be asked, and what the answers of a sitting are worth."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from quizzes.asked import Asked
from quizzes.attempts import Attempt
from quizzes.exams.blueprint import Blueprint
from quizzes.exams.certificate import Certificate, CertificateError, readable_name
from quizzes.exams.drawing import Candidate, Drawn, draw
from quizzes.exams.report import Objective, Report, Worth
from quizzes.exams.sitting import End, Kept, Mode, Sitting
from quizzes.loading import Bank
from quizzes.model import Open, Question

PRACTICE = 10
"""Questions of a round of practice."""
INTERVIEW = "Interview drill"


@dataclass(frozen=True, slots=True)
class Course:
    """What the course says of its objectives, for the report, and which version of it this is."""

    objectives: Mapping[str, Objective] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A question in its place: what was drawn, and how it is asked unless the bank has lost it."""

    number: int
    drawn: Drawn
    asked: Asked | None

    @property
    def question(self) -> Question | None:
        """The question as it is shown now."""
        return self.asked.question if self.asked else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sitting that begins will hold; see `quizzes.exams.sitting.Sitting`."""

    title: str
    questions: Sequence[Drawn]
    pass_mark: int
    minutes: int | None


def planned(mode: Mode, blueprint: Blueprint, bank: Bank, seed: int, minutes: int) -> Plan:
    """Draw the questions of a sitting; `minutes` is the time for an interview drill."""
    if mode == "interview":
        chosen = interviewed(bank.interview, seed, minutes)
        # A minute for each answer, to compare it and rate it, comes on top.
        time = sum(each.minutes + 1 for each in chosen)
        return Plan(INTERVIEW, [Drawn(each.id, 0) for each in chosen], 0, time)
    wanted = blueprint.questions if mode == "exam" else min(PRACTICE, blueprint.questions)
    drawn = draw(blueprint, candidates(bank, mode), seed, wanted)
    # Where the bank is too small, the time for a question stays the same.
    time = -(-blueprint.minutes * len(drawn) // blueprint.questions)
    return Plan(blueprint.title, drawn, blueprint.pass_mark, time if mode == "exam" else None)


def interviewed(questions: Sequence[Open], seed: int, minutes: int) -> list[Open]:
    """Choose questions that can be answered in `minutes`, one at least."""
    order = list(questions)
    random.Random(f"interview {seed}").shuffle(order)
    chosen = order[:1]
    for each in order[1:]:
        if sum(other.minutes for other in chosen) + each.minutes <= minutes:
            chosen.append(each)
    return chosen


def candidates(bank: Bank, mode: str) -> list[Candidate]:
    """List what may be drawn: for an exam its own questions first, for practice the others."""
    return [
        Candidate(question.id, quiz.quiz, question.objective, own == (mode == "exam"))
        for quiz in bank.quizzes.values()
        for own, questions in ((True, quiz.exam), (False, quiz.questions))
        for question in questions
    ]


def placed(sitting: Sitting, bank: Bank) -> list[Placed]:
    """Give the questions of a sitting in their places, with their numbers."""

    def asked(drawn: Drawn) -> Asked | None:
        if drawn.id not in bank:
            return None
        details = {"exam": sitting.id, "seed": drawn.seed}
        return Asked(bank[drawn.id].instance(drawn.seed), sitting.mode, details)

    return [Placed(n, each, asked(each)) for n, each in enumerate(sitting.questions, 1)]


def marked(
    *,
    title: str,
    sitting: Sitting,
    end: End | None,
    questions: Sequence[Placed],
    answers: Mapping[str, Attempt],
    bank: Bank,
    course: Course,
) -> Report:
    """Make the report of a sitting; what an answer was worth was settled when it was given."""
    asked = [
        _worth(each.question, answers.get(each.drawn.id), _objective(each.question, bank, course))
        for each in questions
        if each.question is not None
    ]
    return Report(
        title=title,
        asked=asked,
        pass_mark=sitting.pass_mark,
        ended=end.at if end else None,
        by_time=bool(end and end.by_time),
        gone=len(questions) - len(asked),
    )


def certified(sittings: Sequence[Kept], name: str, version: str) -> Certificate:
    """Make the certificate of the latest passed exam; raise `CertificateError` if none is."""
    readable = readable_name(name)
    for kept in reversed(sittings):
        percent = int(100 * kept.end.score + 1e-9) if kept.end else -1
        if kept.end and percent >= kept.sitting.pass_mark:
            return Certificate(
                name=readable,
                title=kept.sitting.title,
                day=kept.end.at.astimezone().date(),
                percent=percent,
                pass_mark=kept.sitting.pass_mark,
                version=version,
                sitting=kept.sitting.id[:8],
            )
    raise CertificateError("A certificate is for a passed exam, and none is passed yet.")


def _worth(question: Question, kept: Attempt | None, objective: Objective) -> Worth:
    if kept:
        question = question.instance(kept.seed)
    said = question.again(kept.answer, kept.outcome, kept.score).feedback if kept else ""
    return Worth(
        objective=objective,
        outcome=kept.outcome if kept else "not attempted",
        score=kept.score if kept else 0.0,
        prompt=question.body(),
        said=said,
        solution=question.solution(),
    )


def _objective(question: Question, bank: Bank, course: Course) -> Objective:
    known = course.objectives.get(question.objective)
    if known is not None:
        return known
    home = bank.home(question.id)
    lesson, title = (home.lesson, home.title) if home else ("", "")
    return Objective(question.objective, question.objective, lesson, title)
