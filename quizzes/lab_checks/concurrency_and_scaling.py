"""Looks at what lesson 12 is about: which share of the concurrency a function has."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached

WANTED = {"checkout": 20, "report": 5}


def shares(clients: Clients) -> Found:
    """Concurrency is reserved for `checkout` and `report` as asked."""
    functions = clients("lambda")
    reserved: dict[str, int | None] = {}
    for name in WANTED:
        found = if_there(functions.get_function_concurrency, FunctionName=name)
        if found is None:
            return missing(f"There is no function `{name}`; run the block first.")
        reserved[name] = found.get("ReservedConcurrentExecutions")
    told = ", ".join(
        f"`{name}` has reserved {'nothing' if number is None else number}"
        for name, number in reserved.items()
    )
    right = sum(reserved[name] == number for name, number in WANTED.items())
    if right == len(WANTED):
        return reached(f"{told}.")
    return partly(0.5, f"{told}.") if right else missing(f"{told}.")
