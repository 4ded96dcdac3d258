"""Looks at what lesson 11 has you do: settings that fit."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def fitting(clients: Clients) -> Found:
    """The function `work` has more than it needs, and at most twice that."""
    functions = clients("lambda")
    found = if_there(functions.get_function_configuration, FunctionName="work")
    if found is None:
        return missing("There is no function called `work`: run the lesson's cells first.")
    settings = (
        ("memory", found["MemorySize"], 300, "MB"),
        ("`/tmp`", found["EphemeralStorage"]["Size"], 1500, "MB"),
        ("the timeout", found["Timeout"], 20, "s"),
    )
    unfit = [
        f"{name} is {has:,} {unit}" for name, has, needs, unit in settings if not _fits(has, needs)
    ]
    if not unfit:
        return reached("All three are enough, with a reserve that is not wasteful.")
    words = f"Too little or too much for what it needs: {', '.join(unfit)}."
    return partly(1 - len(unfit) / 3, words) if len(unfit) < 3 else missing(words)


def _fits(has: int, needs: int) -> bool:
    """Whether a setting is more than what is needed, and at most twice as much."""
    return needs < has <= 2 * needs
