"""Checks a learner's exercise: `check("first_function.greeter", lambda_handler)`.

An exercise is a function in a module of `course.exercises`, one module a lesson:

    @exercise(hints=("Look at `event`.", "`event[\"name\"]` is the name."))
    def greeter(attempt: Attempt, handler: Any) -> None:
        attempt.given(handler)
        answer = attempt.call(handler, {"name": "Ada"}, None)
        attempt.expect(answer == "Hello, Ada!", passed="…what holds", failed="…what is not yet so")

What it names as `passed` and `failed` is all that the learner sees of it.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import course.exercises
from course import guard
from course.lessons import find_exercise
from course.problem import Problem
from course.results import Finding, Note, Outcome, Result, Solution

DEADLINE_S = 10.0
_T = TypeVar("_T")
_Function = TypeVar("_Function", bound=Callable[..., None])


class CheckError(Problem):
    """A check that cannot begin; a notebook shows its sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class _Stop(BaseException):
    """Ends a check early; no `except` in an exercise or in a learner's code stops it."""


class _NotAttempted(_Stop):
    pass


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    function: Callable[..., None]
    hints: tuple[str, ...]
    deadline_s: float


class Attempt:
    """What a check notes about one attempt of the learner's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.findings: list[Finding] = []
        self.learners_error: BaseException | None = None

    def given(self, *values: object) -> None:
        """Ends the check as not attempted while a value is `...`, None or still the stub."""
        if any(value is ... or value is None or _is_stub(value, self.name) for value in values):
            raise _NotAttempted

    def expect(self, condition: object, *, passed: str, failed: str) -> bool:
        """Notes whether something holds, in words for either case, and tells whether it does."""
        holds = bool(condition)
        self.findings.append(Finding(holds, guard.shorten(passed if holds else failed)))
        return holds

    def require(self, condition: object, *, passed: str, failed: str) -> None:
        """Like `expect`, but ends the check when it does not hold: the rest would make no sense."""
        if not self.expect(condition, passed=passed, failed=failed):
            raise _Stop

    def require_callable(self, function: object) -> None:
        """Ends the check when it was given something else in the place of a function."""
        if not callable(function):
            failed = f"a function is checked here, and you gave `{function!r}`: give its name alone"
            self.require(False, passed="", failed=failed)

    def call(self, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
        """Calls the learner's function; whatever it raises is reported as theirs."""
        self.require_callable(function)
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            self.learners_error = error
            raise


_checks: dict[str, _Check] = {}
_hints_shown: dict[str, int] = {}


def exercise(
    *, hints: tuple[str, ...] = (), deadline_s: float = DEADLINE_S
) -> Callable[[_Function], _Function]:
    """Registers a function as the check of an exercise, under its module's and its own name.

    The check, with the learner's code in it, may take `deadline_s` seconds.
    """

    def register(function: _Function) -> _Function:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        _checks[name] = _Check(name, function, hints, deadline_s)
        return function

    return register


def check(name: str, *values: object) -> Result:
    """Checks what you wrote for an exercise and says what holds and what does not yet.

    `check("first_function.greeter")` without anything to check is not an attempt; it gives the
    hints and the solution all the same. Raises CheckError for a name that is no exercise.
    """
    task = _find(name)
    attempt = Attempt(name)
    wanted = list(inspect.signature(task.function).parameters)[1:]
    if not values:
        return _result(task, attempt, Outcome.NOT_ATTEMPTED, f"Give your {_list(wanted)} to check.")
    if len(values) != len(wanted):
        raise CheckError(
            f"check({name!r}, …) takes {_list(wanted)} and got {len(values)} values: "
            f'write check("{name}", {", ".join(wanted)}).'
        )
    outcome, remark, printed = _run(task, attempt, values)
    if outcome is not Outcome.NOT_ATTEMPTED:
        _record(name, outcome)
    return _result(task, attempt, outcome, remark, printed)


def _run(task: _Check, attempt: Attempt, values: tuple[object, ...]) -> tuple[Outcome, str, str]:
    with guard.captured() as output:
        try:
            with guard.deadline(task.deadline_s):
                task.function(attempt, *values)
            outcome, remark = _verdict(attempt), ""
        except _NotAttempted:
            attempt.findings.clear()
            outcome, remark = Outcome.NOT_ATTEMPTED, "There is nothing of yours to check so far."
        except _Stop:
            outcome, remark = Outcome.NOT_YET, ""
        except BaseException as error:  # noqa: BLE001 - a learner's code may raise anything
            outcome, remark = _blame(task, attempt, error)
    return outcome, remark, output.text


def _verdict(attempt: Attempt) -> Outcome:
    holds = all(finding.holds for finding in attempt.findings)
    return Outcome.PASSED if holds else Outcome.NOT_YET


def _blame(task: _Check, attempt: Attempt, error: BaseException) -> tuple[Outcome, str]:
    place = guard.place_in_cell(error.__traceback__)
    at = f" ({place})" if place else ""
    if isinstance(error, guard.DeadlinePassed):
        limit = f"{task.deadline_s:g} seconds" if task.deadline_s != 1 else "1 second"
        return (
            Outcome.RAISED,
            f"It was still running after {limit} and was stopped{at}: look for a loop or a wait "
            "that does not end.",
        )
    line = guard.last_line(error)
    theirs = error is attempt.learners_error or not isinstance(error, Exception)
    if place or theirs:
        return Outcome.RAISED, f"`{line}`{at}"
    return Outcome.NOT_YET, f"The check could not go on with what it was given: `{line}`"


def _result(
    task: _Check, attempt: Attempt, outcome: Outcome, remark: str = "", printed: str = ""
) -> Result:
    return Result(
        task.name,
        outcome,
        tuple(attempt.findings),
        remark,
        printed,
        len(task.hints),
        _hint=lambda number: _hint(task, number),
        _solution=lambda: _solution(task.name),
    )


def _hint(task: _Check, number: int | None) -> Note:
    count = len(task.hints)
    if not count:
        return Note("No hints", f"{task.name} has none; `.solution()` shows one solution.")
    if number is None:
        number = _hints_shown.get(task.name, 0) + 1
        if number > count:
            text = "`.hint(1)` begins again, `.solution()` shows one solution."
            return Note("No more hints", text)
        _hints_shown[task.name] = number
    if not 1 <= number <= count:
        return Note("No such hint", f"The hints of {task.name} have the numbers 1 to {count}.")
    return Note(f"Hint {number} of {count}", task.hints[number - 1])


def _solution(name: str) -> Solution:
    try:
        solution = find_exercise(name).solution
    except Problem as problem:
        raise CheckError(str(problem)) from None
    return Solution(name, textwrap.dedent(solution).strip())


def _find(name: object) -> _Check:
    if isinstance(name, str):
        module = name.partition(".")[0]
        if name not in _checks and module in _modules():
            importlib.import_module(f"{course.exercises.__name__}.{module}")
        if name in _checks:
            return _checks[name]
    _unknown(name)


def _unknown(name: object) -> NoReturn:
    for module in _modules():
        importlib.import_module(f"{course.exercises.__name__}.{module}")
    close = difflib.get_close_matches(str(name), _checks, n=3)
    known = _list(sorted(_checks)) or "none so far"
    hint = f"did you mean {' or '.join(close)}?" if close else f"the exercises are {known}."
    raise CheckError(f"There is no exercise {guard.shorten(repr(name), 80)}; {hint}")


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(course.exercises.__path__)]


def _is_stub(value: object, name: str) -> bool:
    if not inspect.isfunction(value):
        return False
    try:
        mine = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    except (OSError, SyntaxError, IndexError, TypeError):
        return False
    if not isinstance(mine, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return _does_nothing(mine.body) or ast.dump(mine) in _stub_functions(name)


def _does_nothing(body: list[ast.stmt]) -> bool:
    def idle(statement: ast.stmt) -> bool:
        match statement:
            case ast.Pass() | ast.Return(value=None) | ast.Expr(value=ast.Constant()):
                return True
            case ast.Return(value=ast.Constant(value=constant)):
                return constant is None or constant is ...
        return False

    return all(idle(statement) for statement in body)


def _stub_functions(name: str) -> set[str]:
    try:
        tree = ast.parse(find_exercise(name).open)
    except (Problem, SyntaxError):
        return set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {ast.dump(node) for node in ast.walk(tree) if isinstance(node, functions)}


def _record(name: str, outcome: Outcome) -> None:
    try:
        from quizzes.store import record

        score = 1.0 if outcome is Outcome.PASSED else 0.0
        record(kind="exercise", item_id=name, answer=None, outcome=outcome.value, score=score)
    except Exception:  # noqa: BLE001 - a full disk or a locked file must not hide the result
        return


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
