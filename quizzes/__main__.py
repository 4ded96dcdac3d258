"""Reads the whole question bank and names every mistake: ``python -m quizzes``."""

from __future__ import annotations

import sys
from pathlib import Path

from quizzes.loading import FOLDER, check_facts, load_bank
from quizzes.source import BankError


def main(arguments: list[str]) -> int:
    """Check the bank (or the folder named first in `arguments`); return 1 if it has mistakes."""
    folder = Path(arguments[0]) if arguments else FOLDER
    try:
        bank = load_bank(folder)
        check_facts(folder)
    except BankError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(bank)} questions for {len(bank.quizzes)} lessons, all well formed.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
