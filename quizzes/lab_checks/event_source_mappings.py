"""Looks at what lesson 08 is about: how a mapping feeds a queue to a function."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, missing, partly, reached


def gathered(clients: Clients) -> Found:
    """The mapping of `label` gathers up to 50 messages for five seconds, and takes reports."""
    found = clients("lambda").list_event_source_mappings(FunctionName="label")
    mappings = found["EventSourceMappings"]
    if not mappings:
        return missing("Nothing is mapped to `label`; run the block first.")
    if len(mappings) > 1:
        return missing("More than one mapping calls `label`; keep one of them.")
    settings = mappings[0]
    wrong = [
        f"{name} is {settings.get(name) or 'not set'}"
        for name, wanted in (
            ("BatchSize", 50),
            ("MaximumBatchingWindowInSeconds", 5),
            ("FunctionResponseTypes", ["ReportBatchItemFailures"]),
        )
        if settings.get(name) != wanted
    ]
    if not wrong:
        return reached("Size, window and reports of failed messages are set.")
    return partly(round(1 - len(wrong) / 3, 2), f"{', and '.join(wrong)}.")
