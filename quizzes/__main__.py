"""The question bank at the command line.

``python -m quizzes`` reads the whole bank and names every mistake. ``export --format moodle FILE``
writes its questions for another system, ``xapi FILE`` the learner's answers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from quizzes.attempts import ProgressError
from quizzes.loading import FOLDER, Bank, UnknownName, check_facts, load_bank, load_quiz
from quizzes.source import BankError

FORMATS = ("moodle", "jupyterquiz")


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says, and return 1 if that is not possible."""
    commands = {"export": _export, "xapi": _xapi}
    first = arguments[0] if arguments else ""
    try:
        if first in commands:
            return commands[first](arguments[1:])
        return _check(arguments)
    except (BankError, ProgressError, UnknownName) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename} cannot be written ({error.strerror}).", file=sys.stderr)
    return 1


def _check(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m quizzes", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the bank to check")
    folder = parser.parse_args(arguments).folder
    bank = load_bank(folder)
    check_facts(folder)
    print(f"{len(bank)} questions for {len(bank.quizzes)} lessons, all well formed.")
    return 0


def _export(arguments: Sequence[str]) -> int:
    from quizzes.interchange import jupyterquiz, moodle

    parser = argparse.ArgumentParser(
        prog="python -m quizzes export", description="Write questions for another system."
    )
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("quiz", nargs="?", help="one quiz, such as first-function; else all")
    asked = parser.parse_args(arguments)
    bank = Bank([load_quiz(asked.quiz)]) if asked.quiz else load_bank()
    export = {"moodle": moodle.export, "jupyterquiz": jupyterquiz.export}[asked.format]
    written = export(bank.quizzes.values(), bank.interview)
    asked.file.write_text(written.text, encoding="utf-8")
    print(f"{written.questions} questions written to {asked.file}.")
    for why in dict.fromkeys(why for _, why in written.left_out):
        names = ", ".join(name for name, reason in written.left_out if reason == why)
        print(f"Left out, as {why}: {names}.")
    return 0


def _xapi(arguments: Sequence[str]) -> int:
    from quizzes import exchange, store
    from quizzes.interchange import xapi

    parser = argparse.ArgumentParser(
        prog="python -m quizzes xapi", description="Write answers as xAPI statements."
    )
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("--progress", type=Path, help="an exported progress file; else your own")
    parser.add_argument("--learner", default="learner", help="the learner's account name")
    parser.add_argument("--home", default=xapi.HOME, help="address of the system it belongs to")
    asked = parser.parse_args(arguments)
    log = store.default_store()
    attempts = exchange.read_file(asked.progress) if asked.progress else log.attempts("quiz")
    if not asked.progress and log.notice:
        raise ProgressError(log.notice)
    made = xapi.statements(attempts, load_bank(), learner=asked.learner, home=asked.home)
    asked.file.write_text(json.dumps(made, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{len(made)} statements written to {asked.file}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
