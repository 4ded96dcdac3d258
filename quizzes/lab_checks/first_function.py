"""Looks at what lesson 02 has you do: functions, their code and their configuration."""

from __future__ import annotations

from typing import Any

from quizzes.lab_checks import Clients, Found, missing, partly, reached


def patient(clients: Clients) -> Found:
    """A function `reporter` that may run for 20 seconds and is ready to be invoked."""
    functions = clients("lambda")
    found = _configuration(functions, "reporter")
    if found is None:
        return missing("There is no function called `reporter` yet.")
    if found["Timeout"] < 20:
        return partly(
            0.5,
            f"`reporter` is there, but it is stopped after {found['Timeout']} seconds; "
            "its report takes 20.",
        )
    return reached(f"`reporter` may run for {found['Timeout']} seconds.")


def _configuration(functions: Any, name: str) -> dict[str, Any] | None:
    try:
        return dict(functions.get_function_configuration(FunctionName=name))
    except functions.exceptions.ResourceNotFoundException:
        return None
