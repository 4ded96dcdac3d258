"""The actions on a function's reserved concurrency.

docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..api.names import FunctionName, function_name
from ..errors import invalid_parameter, not_found
from .functions import existing
from .store import CHANGING, find

Check = Callable[[str, int], None]
"""Refuses so much concurrency for a function's ARN where the account can't give it."""


def register(actions: Actions, check: Check) -> None:
    """Answer the three actions."""

    def put(call: Call) -> dict[str, int]:
        name, wanted = _name(call), int(call.get("ReservedConcurrentExecutions"))
        with CHANGING:
            function = find(name)
            if function is None:
                raise not_found(name.qualified_arn)
            check(name.function_arn, wanted)
            function.reserved_concurrency = wanted
        return {"ReservedConcurrentExecutions": wanted}

    actions.add(PutFunctionConcurrency=put, GetFunctionConcurrency=_get)
    actions.add(DeleteFunctionConcurrency=_delete)


def _get(call: Call) -> dict[str, Any]:
    reserved = existing(_name(call)).reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)}


def _delete(call: Call) -> Reply:
    with CHANGING:
        existing(_name(call)).reserved_concurrency = None
    return Reply()


def _name(call: Call) -> FunctionName:
    name = function_name(call.region, call.get("FunctionName"))
    if name.qualifier:
        raise invalid_parameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not "
            "support this operation. Please specify either a function name or an unqualified "
            "function ARN."
        )
    return name
