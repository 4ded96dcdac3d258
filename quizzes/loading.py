"""Loads the question bank and says, with file and line, what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from quizzes.complaints import SECTIONS, explain, is_echo
from quizzes.source import BankError, Place, Problem, Source, read

if TYPE_CHECKING:
    from quizzes.model import Interview, Question, Quiz

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
    """All questions by id, those of exam and interview too, and the quizzes by name."""

    def __init__(self, quizzes: list[Quiz], interview: Interview | None = None) -> None:
        self.quizzes = {quiz.quiz: quiz for quiz in quizzes}
        self.interview = interview.interview if interview else ()
        self._homes = {each.id: quiz for quiz in quizzes for each in quiz.every()}
        self._questions: dict[str, Question] = {
            each.id: each for quiz in quizzes for each in quiz.every()
        }
        self._questions |= {each.id: each for each in self.interview}

    def home(self, question_id: str) -> Quiz | None:
        """Give the quiz that a question belongs to; None for one of the interview."""
        return self._homes.get(question_id)

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
    """Read every file of the bank; raise `BankError` naming all mistakes, file and line."""
    from quizzes.model import Quiz

    quizzes: list[Quiz] = []
    interview: Interview | None = None
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            source = read(path)
            read_file = _validated(source)
        except BankError as error:
            problems += error.problems
            continue
        if isinstance(read_file, Quiz):
            quizzes.append(read_file)
        else:
            interview = read_file
        problems += _repeated(source, seen)
    if problems:
        raise BankError(problems)
    return Bank(quizzes, interview)


def load_quiz(name: str, folder: Path = FOLDER) -> Quiz:
    """Read the quiz called `name`; raise `UnknownQuiz` when there is none."""
    from quizzes.model import Quiz

    paths = {re.sub(r"^\d+-", "", path.stem): path for path in sorted(folder.glob("[0-9]*.yml"))}
    if name not in paths:
        close = difflib.get_close_matches(str(name), paths, n=1)
        hint = f" Did you mean “{close[0]}”?" if close else ""
        raise UnknownQuiz(
            f"There is no quiz “{name}”; the quizzes there are: {', '.join(paths) or 'none'}.{hint}"
        )
    quiz = _validated(read(paths[name]))
    assert isinstance(quiz, Quiz)
    return quiz


def check_facts(folder: Path = FOLDER, seeds: int = 20) -> None:
    """Fill every text of every question in `folder`, with the numbers of some seeds.

    Raises `BankError` for facts and formulas that cannot be used.
    """
    from labsupport.facts import FactError, fact
    from quizzes.formulas import FormulaError

    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yml")):
        source = read(path)
        by_id = {question.id: question for question in _validated(source).every()}
        for place, question_id in _ids(source):
            question = by_id[question_id]
            try:
                for fact_id in question.fact_ids():
                    fact(fact_id)
                for seed in range(seeds if question.parameters else 1):
                    question.instance(seed).shown()
            except (FactError, FormulaError) as error:
                line = source.line(place)
                problems.append(Problem(path, line, f"Question “{question_id}”: {error}"))
    if problems:
        raise BankError(problems)


def _validated(source: Source) -> Quiz | Interview:
    from pydantic import ValidationError

    from quizzes.model import Interview, Quiz

    if not isinstance(source.data, dict):
        raise BankError(
            [Problem(source.path, 1, "A bank file begins with `quiz:`, `lesson:` and `title:`.")]
        )
    model = Interview if "interview" in source.data else Quiz
    try:
        made = model.model_validate(source.data)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            if not is_echo(each):
                source.report(*explain(each, source.data))
        raise BankError(source.problems) from None
    stem = f"{made.lesson}-{made.quiz}" if isinstance(made, Quiz) else "interview"
    if source.path.stem != stem:
        source.report(("quiz",), f"Name this file {stem}.yml, or mend `quiz` or `lesson`.")
        raise BankError(source.problems)
    prefix = made.quiz if isinstance(made, Quiz) else "interview"
    for place, question_id in _ids(source):
        if not question_id.startswith(prefix):
            message = f"The id “{question_id}” must begin with “{prefix}”, the name of its file."
            source.report((*place, "id"), message)
    if source.problems:
        raise BankError(source.problems)
    return made


def _ids(source: Source) -> Iterator[tuple[Place, str]]:
    """Give the id of every question in a valid file, and its place."""
    for section in SECTIONS:
        for number, question in enumerate(source.data.get(section, ())):
            yield (section, number), question["id"]


def _repeated(source: Source, seen: dict[str, str]) -> list[Problem]:
    problems: list[Problem] = []
    for place, question_id in _ids(source):
        line = source.line((*place, "id"))
        if question_id in seen:
            message = (
                f"The id “{question_id}” is taken by {seen[question_id]}; "
                "every question needs an id of its own."
            )
            problems.append(Problem(source.path, line, message))
        seen.setdefault(question_id, f"{source.path.name}, line {line}")
    return problems
