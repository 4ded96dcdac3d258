"""``python3 -m course progress``: what is done, what is shaky, what to do next.

The same from a notebook: ``from course import progress``, then ``progress.table()``,
``progress.reset("02")``; `quizzes.store` exports and imports.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from course.outline import Lesson, load_outline
from course.problem import Problem
from course.standing import Overview, Standing, counted, items, overview
from quizzes import store
from quizzes.attempts import RESET, UNDO, ProgressError, that_count
from quizzes.source import BankError
from quizzes.store import Store, default_store, on_binder

REMINDER = (
    "You are on Binder, which forgets everything when this session ends: after some minutes "
    "without use, or when you close it. Download your progress before that."
)
_HEAD = ("", "Lesson", "Exercises", "Checkpoint", "Shaky", "")


def main(argv: list[str]) -> int:
    """Show, export, import or reset progress; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m course progress", description="What is done, shaky, and next."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("where", help="say where progress is kept")
    exporting = actions.add_parser("export", help="write all progress to a JSON file")
    exporting.add_argument("file", metavar="FILE")
    importing = actions.add_parser("import", help="add the progress in an exported file")
    importing.add_argument("file", metavar="FILE")
    resetting = actions.add_parser("reset", help="begin one lesson anew")
    resetting.add_argument("lesson", metavar="LESSON", help="its number, such as 02")
    resetting.add_argument("--undo", action="store_true", help="take the latest reset of it back")
    options = parser.parse_args(argv)
    does: dict[str | None, Callable[[], str]] = {
        None: table,
        "where": where,
        "export": lambda: exported(options.file),
        "import": lambda: imported(options.file),
        "reset": lambda: (undo_reset if options.undo else reset)(options.lesson),
    }
    try:
        print(does[options.action]())
    except (ProgressError, BankError) as error:
        raise Problem(str(error)) from None
    return 0


def table(log: Store | None = None) -> str:
    """Give the learner's progress as text: a line for each lesson, then what to do next."""
    seen = overview(log)
    ready = [each for each in seen.standings if each.lesson.ready]
    rows = [_HEAD, *map(_row, ready)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    planned = len(seen.standings) - len(ready)
    lines += [f"{planned} more lessons are planned."] if planned else []
    lines += ["", *_advice(seen)]
    return "\n".join(lines)


def where() -> str:
    """Say where progress is kept, and how much there is."""
    log = default_store()
    count = len(log.attempts())
    if log.notice:
        return f"{log.place}\n{log.notice}"
    return f"{log.place}\n{count} {'entry' if count == 1 else 'entries'}"


def exported(file: str) -> str:
    """Write all progress to a JSON file and say so; raises `ProgressError`."""
    count = store.export(file)
    return f"{count} {'entry' if count == 1 else 'entries'} written to {file}."


def imported(file: str) -> str:
    """Add the progress in an exported file and say so; raises `ProgressError`."""
    return said_of_import(store.import_(file))


def said_of_import(added: int) -> str:
    """Say how much an import has added."""
    if not added:
        return "Nothing was added: all of it was here already."
    return f"{added} {'entry' if added == 1 else 'entries'} added."


def reset(lesson: str | int, log: Store | None = None) -> str:
    """Begin one lesson anew: what was answered in it no longer counts. Says what happened.

    Nothing is taken out of the log: a reset is an entry of its own, and `undo_reset` takes it
    back. Raises Problem for a lesson that there is not, `ProgressError` when it cannot be saved.
    """
    log = log or default_store()
    found = load_outline().lesson(lesson)
    answered = items(found, log.counting())
    if not answered:
        return f"Nothing was answered in lesson {found.label}, so there is nothing to reset."
    _write(log, RESET, found.id, answered)
    questions, exercises = len(answered.get("quiz", ())), len(answered.get("exercise", ()))
    return (
        f"Lesson {found.label} begins anew: {counted(questions, 'question')} and "
        f"{counted(exercises, 'exercise')} put aside. To bring them back: "
        f"python3 -m course progress reset {found.label} --undo"
    )


def undo_reset(lesson: str | int, log: Store | None = None) -> str:
    """Take the latest reset of a lesson back and say so; raises as `reset` does."""
    log = log or default_store()
    found = load_outline().lesson(lesson)
    entries = log.attempts()
    undone = {each.item_id for each in entries if each.kind == UNDO}
    for each in reversed(entries):
        if each.kind == RESET and each.item_id == found.id and each.uuid not in undone:
            before = len(that_count(entries))
            _write(log, UNDO, each.uuid, None)
            back = len(log.counting()) - before
            return f"Lesson {found.label} is as it was: {counted(back, 'answer')} count again."
    return f"Lesson {found.label} was not reset, so there is nothing to take back."


def _write(log: Store, kind: str, item_id: str, answer: object) -> None:
    log.record(kind, item_id, answer, kind, 0.0)
    if log.notice:
        raise ProgressError(log.notice)


def _row(standing: Standing) -> tuple[str, ...]:
    return (
        standing.lesson.label,
        standing.lesson.title,
        share(list(standing.exercises.values()).count(True), len(standing.exercises)),
        share(standing.right, len(standing.questions)),
        str(len(standing.shaky) or "–"),
        standing.state,
    )


def share(part: int, whole: int) -> str:
    """Write "3 of 8", or a dash where there is nothing to count."""
    return f"{part} of {whole}" if whole else "–"


def _advice(seen: Overview) -> list[str]:
    lines = [f"Next: {said_of_next(seen)}"]
    for each in seen.standings:
        if each.shaky:
            lines.append(f"Shaky in {each.lesson.label}: {', '.join(each.shaky)}")
    lines += [f"Review: {said_of_review(seen)}"] if seen.recalls else []
    lines += [seen.notice] if seen.notice else []
    lines += [REMINDER] if on_binder() else []
    return lines


def said_of_next(seen: Overview) -> str:
    """Say what to do next, with the lesson's number and title."""
    lesson, step = seen.next_step()
    if lesson is None:
        return step
    return f"{_named(lesson)}: {step}"


def said_of_review(seen: Overview) -> str:
    """Say how many questions are due for review, or when the next one is."""
    if seen.due:
        return f"{counted(seen.due, 'question')} due now."
    moment = seen.recalls[0].due.astimezone()
    return f"nothing due; the next question is on {moment.day} {moment:%b}, {moment:%H:%M}."


def _named(lesson: Lesson) -> str:
    return f"{lesson.label} {lesson.title}"
