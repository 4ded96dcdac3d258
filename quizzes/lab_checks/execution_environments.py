"""Looks at what lesson 04 has you do: environments that stand ready."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def two_ready(clients: Clients) -> Found:
    """A version of `ticker` has two environments ready."""
    functions = clients("lambda")
    found = if_there(functions.list_provisioned_concurrency_configs, FunctionName="ticker")
    if found is None:
        return missing("There is no function called `ticker`.")
    configs = found["ProvisionedConcurrencyConfigs"]
    ready = [each["AvailableProvisionedConcurrentExecutions"] for each in configs]
    asked = [each["RequestedProvisionedConcurrentExecutions"] for each in configs]
    if not asked:
        return missing("No version of `ticker` has provisioned concurrency.")
    if 2 not in asked:
        return partly(0.5, f"`ticker` has provisioned concurrency, of {max(asked)}.")
    if 2 not in ready:
        return partly(0.8, "Two are asked for, and they are not ready yet: check again.")
    return reached("Two environments of `ticker` stand ready.")
