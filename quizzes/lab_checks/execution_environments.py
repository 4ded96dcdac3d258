"""Looks at what lesson 04 has you do: environments that stand ready."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, missing, partly, reached


def two_ready(clients: Clients) -> Found:
    """A version of `ticker` has two environments ready."""
    functions = clients("lambda")
    try:
        found = functions.list_provisioned_concurrency_configs(FunctionName="ticker")
    except functions.exceptions.ResourceNotFoundException:
        return missing("There is no function called `ticker`.")
    ready = [each["AvailableProvisionedConcurrentExecutions"] for each in _configs(found)]
    asked = [each["RequestedProvisionedConcurrentExecutions"] for each in _configs(found)]
    if not asked:
        return missing("No version of `ticker` has provisioned concurrency.")
    if 2 not in asked:
        return partly(0.5, f"`ticker` has provisioned concurrency, of {max(asked)}.")
    if 2 not in ready:
        return partly(0.8, "Two are asked for, and they are not ready yet: check again.")
    return reached("Two environments of `ticker` stand ready.")


def _configs(found: dict[str, list[dict[str, int]]]) -> list[dict[str, int]]:
    """The configurations that an answer lists."""
    return found["ProvisionedConcurrencyConfigs"]
