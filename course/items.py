"""``python3 -m course items FILES…``: which questions to mend, from what a class answered.

The files are what learners get from ``python3 -m course progress export``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from course.problem import Problem
from labsupport.figures.picture import Picture, drawing, titled
from labsupport.tables import text_table
from quizzes.attempts import Attempt, ProgressError
from quizzes.exchange import read_file
from quizzes.items import LEAST, Item, Option, analyse, as_text, first_answers
from quizzes.loading import load_bank
from quizzes.model import Question
from quizzes.source import BankError

_MODES = ("quiz", "review", "exam", "practice")
_HEAD = ("question", "answers", "difficulty", "discrimination", "upper-lower")
_OPTION_HEAD = ("", "right", "chosen by", "of the best", "of the weakest", "mean elsewhere")


def main(argv: list[str]) -> int:
    """Analyse the files named on the command line; returns the exit code."""
    options = _parse(argv)
    try:
        bank = load_bank()
    except BankError as error:
        raise Problem(str(error)) from None
    items, learners = analysed(_logs(options.files), bank, options.mode, options.least)
    if not items:
        raise Problem(
            "There are no answers to questions in these files; name files that "
            "“python3 -m course progress export” wrote."
        )
    print(report(items, learners, options.least))
    if options.figure:
        _write(Path(options.figure), figure(items))
    return 0


def analysed(
    logs: Iterable[Iterable[Attempt]],
    bank: Mapping[str, Question],
    modes: Sequence[str] = (),
    least: int = LEAST,
) -> tuple[list[Item], int]:
    """Give the figures of every question of the bank that was answered, and count the learners."""

    def chosen(attempt: Attempt) -> tuple[str, ...]:
        kept = attempt.answer
        question = bank.get(attempt.item_id)
        if question is None:
            return ()
        if _options_of(question) and isinstance(kept, list):
            return tuple(question.instance(attempt.seed).original(kept))
        return () if question.parameters else (as_text(kept),)  # numbers differ by learner

    learners = first_answers(logs, chosen, modes)
    graded = {name for name, question in bank.items() if question.kind != "open"}
    known = [{name: each for name, each in one.items() if name in graded} for one in learners]
    asked = {name: _options_of(bank[name]) for one in known for name in one}
    return analyse(known, asked, least), sum(map(bool, known))


def report(items: Sequence[Item], learners: int, least: int) -> str:
    """Write the table of all questions, then the options of those that are to be mended."""
    figures = text_table(_HEAD, [_row(item) for item in items]).splitlines()
    words = ["to mend"] + [
        "; ".join(item.flags) if item.answers >= least else "too few answers" for item in items
    ]
    flagged = [item for item in items if item.flags]
    people = "learner" if learners == 1 else "learners"
    lines = [
        f"{len(items)} questions, answered by {learners} {people}; {len(flagged)} to look at.",
        "",
        *(f"{row}  {word}".rstrip() for row, word in zip(figures, words, strict=True)),
    ]
    for item in flagged:
        if item.options:
            table = text_table(_OPTION_HEAD, [_option(option, item) for option in item.options])
            lines += ["", f"{item.id}: {'; '.join(item.flags)}", table]
    return "\n".join(lines)


def figure(items: Sequence[Item]) -> Picture:
    """Draw discrimination over difficulty, with the questions to mend named."""
    placed = [(item, item.discrimination) for item in items if item.discrimination is not None]
    flagged = [each for each in placed if each[0].flags]
    sound = [each for each in placed if not each[0].flags]
    mend = sum(bool(item.flags) for item in items)
    title = (
        f"{mend} of {len(items)} questions should be looked at"
        if mend
        else f"None of {len(items)} questions stands out"
    )
    with drawing(height=4.8) as (_, axes):
        axes.axhline(0, color="#555555", linewidth=1)
        for those, marker, colour, label in (
            (sound, "o", "#0072B2", "sound"),
            (flagged, "X", "#B8490A", "to mend"),
        ):
            places = [(item.difficulty, height) for item, height in those]
            axes.plot(*zip_longest(*places) if places else ([], []), marker, color=colour)
            if places:
                axes.plot([], [], marker, color=colour, label=label)
        for item, height in flagged:
            axes.annotate(
                item.id,
                (item.difficulty, height),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
            )
        axes.set(
            xlabel="difficulty: mean score",
            ylabel="discrimination: correlation with the rest",
            xlim=(-0.03, 1.03),
        )
        if placed:
            axes.legend()
        titled(axes, title)
    return Picture(
        axes.figure,
        title,
        f"Each of {len(placed)} questions at its mean score and its correlation with the score in "
        "the other questions; those to mend are named: "
        f"{', '.join(item.id for item, _ in flagged) or 'none'}. Questions that all answered alike "
        "have no correlation and no place.",
        _HEAD,
        [_row(item) for item in items],
    )


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m course items", description="Which questions to mend."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="exported progress of a learner")
    parser.add_argument(
        "--mode", action="append", choices=_MODES, help="count answers given so only; may repeat"
    )
    parser.add_argument(
        "--least", type=int, default=LEAST, help="answers a question needs to be flagged"
    )
    parser.add_argument("--figure", metavar="FILE.png", help="draw them, too")
    return parser.parse_args(argv)


def _logs(files: Sequence[str]) -> Iterable[list[Attempt]]:
    for name in files:
        try:
            yield read_file(Path(name).expanduser())
        except ProgressError as error:
            print(f"Left out: {error}", file=sys.stderr)


def _write(path: Path, picture: Picture) -> None:
    try:
        path.write_bytes(picture.png)
    except OSError as error:
        raise Problem(
            f"The figure could not be written to {path} ({error.strerror}); name another file."
        ) from None
    print(f"\n{picture.title}: {path}")


def _options_of(question: Question) -> dict[str, bool]:
    options = getattr(question, "options", None) or {}
    return {letter: option.right for letter, option in options.items()}


def _row(item: Item) -> tuple[str, ...]:
    return (
        item.id,
        str(item.answers),
        f"{item.difficulty:.2f}",
        _number(item.discrimination),
        _number(item.upper_lower),
    )


def _option(option: Option, item: Item) -> tuple[str, ...]:
    return (
        option.name,
        "right" if option.right else "",
        f"{option.count} of {item.answers}",
        f"{option.upper:.0%}",
        f"{option.lower:.0%}",
        _number(option.rest),
    )


def _number(number: float | None) -> str:
    return "–" if number is None else f"{number:.2f}"
