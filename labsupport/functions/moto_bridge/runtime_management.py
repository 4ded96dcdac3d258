"""When Lambda may move a function to a newer version of its runtime.

docs.aws.amazon.com/lambda/latest/dg/runtime-management-controls.html. The lab keeps the setting;
it has one version of each runtime only, the one installed.
"""

from __future__ import annotations

from typing import Any

from ..api.actions import Actions
from ..api.api_model import Call
from ..api.names import FunctionName, function_name
from ..errors import invalid_parameter, not_found
from .settings import revise, settings_of
from .store import CHANGING, find


def register(actions: Actions) -> None:
    """Answer the two actions."""
    actions.add(PutRuntimeManagementConfig=_put, GetRuntimeManagementConfig=_get)


def _put(call: Call) -> dict[str, Any]:
    mode, arn = call.get("UpdateRuntimeOn"), call.get("RuntimeVersionArn")
    if mode == "Manual" and not arn:
        raise invalid_parameter(
            "RuntimeVersionArn is required when the runtime update mode is Manual."
        )
    if mode != "Manual" and arn:
        raise invalid_parameter(
            "RuntimeVersionArn is only supported when the runtime update mode is Manual."
        )
    with CHANGING:
        name, function = _called(call)
        revise(function, update_runtime_on=mode, runtime_version=arn or "")
    return _shown(name, function)


def _get(call: Call) -> dict[str, Any]:
    return _shown(*_called(call))


def _called(call: Call) -> tuple[FunctionName, Any]:
    name = function_name(call.region, call.get("FunctionName"), call.get("Qualifier"))
    function = find(name)
    if function is None:
        raise not_found(name.arn)
    return name, function


def _shown(name: FunctionName, function: Any) -> dict[str, Any]:
    settings = settings_of(function)
    return {
        "UpdateRuntimeOn": settings.update_runtime_on,
        "RuntimeVersionArn": settings.runtime_version or None,
        "FunctionArn": name.qualified_arn,
    }
