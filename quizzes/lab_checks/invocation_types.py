"""Looks at what lesson 06 has you do: how asynchronous events of a function are handled."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def tried_once(clients: Clients) -> Found:
    """`charge` handles an asynchronous event once at most, and within ten minutes."""
    functions = clients("lambda")
    found = if_there(functions.get_function_event_invoke_config, FunctionName="charge")
    if found is None:
        return missing("`charge` is not there, or nothing is configured for its events yet.")
    retries, age = found.get("MaximumRetryAttempts"), found.get("MaximumEventAgeInSeconds")
    once, soon = retries == 0, age is not None and age <= 600
    if once and soon:
        return reached(f"No retry, and no event older than {age} seconds.")
    if once:
        return partly(0.5, "It is not retried, but an event may still wait longer than that.")
    if soon:
        return partly(0.5, f"Events are fresh enough, but retries are {_number(retries)}.")
    return missing("Neither the retries nor the age of `charge`'s events are as asked.")


def _number(retries: int | None) -> str:
    return "not set" if retries is None else f"set to {retries}"
