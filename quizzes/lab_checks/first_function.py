"""Looks at what lesson 02 has you do: functions, their code and their configuration."""

from __future__ import annotations

import json
from typing import Any

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def till_answers(clients: Clients) -> Found:
    """The function `till` answers with what its package returns."""
    functions = clients("lambda")
    reply = if_there(functions.invoke, FunctionName="till", Payload="{}")
    if reply is None:
        return missing("There is no function `till` yet; run the block first.")
    answer = json.load(reply["Payload"])
    if "FunctionError" not in reply:
        if answer == "paid":
            return reached("`till` was invoked and answered.")
        return partly(0.5, "`till` answers, but not what its archive would say.")
    return _failed(answer)


def _failed(answer: Any) -> Found:
    kind = str(answer.get("errorType", "an error")) if isinstance(answer, dict) else "an error"
    if kind == "Runtime.HandlerNotFound":
        return partly(0.5, f"`till` was invoked and fails with `{kind}`: the file is found now.")
    return missing(f"`till` was invoked and fails with `{kind}`.")
