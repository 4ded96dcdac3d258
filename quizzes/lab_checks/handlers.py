"""Looks at what lesson 03 has you do: configuration moved into environment variables."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def limit_moved(clients: Clients) -> Found:
    """The function `kiosk` has a new limit, and its other variables as they were."""
    functions = clients("lambda")
    found = if_there(functions.get_function_configuration, FunctionName="kiosk")
    if found is None:
        return missing("There is no function `kiosk` yet; run the block first.")
    variables = found.get("Environment", {}).get("Variables", {})
    lost = [name for name in ("FEE", "CURRENCY") if name not in variables]
    changed = [
        name
        for name, value in (("FEE", "490"), ("CURRENCY", "EUR"))
        if variables.get(name, value) != value
    ]
    if variables.get("FREE_FROM") != "3000":
        return missing(f"`FREE_FROM` of `kiosk` is `{variables.get('FREE_FROM', 'not set')}`.")
    if lost:
        return partly(0.5, f"`FREE_FROM` is as asked, and `{'` and `'.join(lost)}` went missing.")
    if changed:
        return partly(0.5, f"`FREE_FROM` is as asked, and `{'` and `'.join(changed)}` changed too.")
    return reached("`FREE_FROM` has its new value, and the other two have theirs.")
