"""Loads the question bank and says, with file and line, what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from quizzes.complaints import explain
from quizzes.source import BankError, Problem, Source, read

if TYPE_CHECKING:
    from quizzes.model import Question, Quiz

FOLDER = Path(__file__).parent / "bank"


class UnknownName(KeyError):
    """Raised for a name the bank does not have; its text is one sentence."""

    def __str__(self) -> str:
        return str(self.args[0])

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [f"{type(self).__name__}: {self}"]


class UnknownQuiz(UnknownName):
    """Raised for a quiz that no bank file holds."""


class UnknownQuestion(UnknownName):
    """Raised for a question that the bank or the quiz does not have."""


class Bank(Mapping[str, "Question"]):
    """All questions by id, and the quizzes they belong to by name."""

    def __init__(self, quizzes: list[Quiz]) -> None:
        self.quizzes = {quiz.quiz: quiz for quiz in quizzes}
        self._questions = {each.id: each for quiz in quizzes for each in quiz.questions}

    def __getitem__(self, question_id: str) -> Question:
        try:
            return self._questions[question_id]
        except KeyError:
            close = difflib.get_close_matches(str(question_id), self._questions, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else "list(load_bank()) has all."
            message = f"There is no question “{question_id}” in the bank; {hint}"
            raise UnknownQuestion(message) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._questions)

    def __len__(self) -> int:
        return len(self._questions)


def load_bank(folder: Path = FOLDER) -> Bank:
    """Read every quiz in `folder`; raise `BankError` naming all mistakes, file and line."""
    quizzes: list[Quiz] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            source = read(path)
            quizzes.append(_validated(source))
        except BankError as error:
            problems += error.problems
        else:
            problems += _repeated(source, quizzes[-1], seen)
    if problems:
        raise BankError(problems)
    return Bank(quizzes)


def load_quiz(name: str, folder: Path = FOLDER) -> Quiz:
    """Read the quiz called `name`; raise `UnknownQuiz` when there is none."""
    paths = {re.sub(r"^\d+-", "", path.stem): path for path in sorted(folder.glob("*.yml"))}
    if name not in paths:
        close = difflib.get_close_matches(str(name), paths, n=1)
        hint = f" Did you mean “{close[0]}”?" if close else ""
        raise UnknownQuiz(
            f"There is no quiz “{name}”; the quizzes there are: {', '.join(paths) or 'none'}.{hint}"
        )
    return _validated(read(paths[name]))


def check_facts(folder: Path = FOLDER) -> None:
    """Fill every text of every question in `folder`; raise `BankError` for facts it cannot use."""
    from labsupport.facts import FactError, fact
    from quizzes.markup import fill
    from quizzes.model import Numeric

    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yml")):
        source = read(path)
        for number, question in enumerate(_validated(source).questions):
            try:
                for text in question.texts():
                    fill(text)
                for fact_id in question.fact_ids():
                    fact(fact_id)
                if isinstance(question, Numeric):
                    question.value()
            except FactError as error:
                line = source.line(("questions", number))
                problems.append(Problem(path, line, f"Question “{question.id}”: {error}"))
    if problems:
        raise BankError(problems)


def _validated(source: Source) -> Quiz:
    from pydantic import ValidationError

    from quizzes.model import Quiz

    if not isinstance(source.data, dict):
        raise BankError(
            [Problem(source.path, 1, "A bank file begins with `quiz:`, `lesson:` and `title:`.")]
        )
    try:
        quiz = Quiz.model_validate(source.data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            source.report(*explain(each, source.data))
        raise BankError(source.problems) from None
    if source.path.stem != f"{quiz.lesson}-{quiz.quiz}":
        source.report(
            ("quiz",), f"Name this file {quiz.lesson}-{quiz.quiz}.yml, or mend `quiz` or `lesson`."
        )
        raise BankError(source.problems)
    return quiz


def _repeated(source: Source, quiz: Quiz, seen: dict[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    for number, question in enumerate(quiz.questions):
        line = source.line(("questions", number, "id"))
        if question.id in seen:
            message = (
                f"The id “{question.id}” is taken by {seen[question.id]}; "
                "every question needs an id of its own."
            )
            problems.append(Problem(source.path, line, message))
        seen.setdefault(question.id, f"{source.path.name}, line {line}")
    return problems
