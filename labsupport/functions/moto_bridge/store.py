"""The functions, versions and aliases that moto keeps, and how they are changed.

moto's functions are never changed in place here: a changed copy takes their place at once, so that
whoever has one meanwhile sees it whole, and a published version is a function kept as it was.
"""

from __future__ import annotations

import threading
from copy import copy
from datetime import UTC, datetime
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..api.actions import Action
from ..api.api_model import Call
from ..api.names import LATEST, FunctionName

CHANGING = threading.RLock()
"""Held by whatever changes functions, versions or aliases."""


def undisturbed(action: Action) -> Action:
    """The same action, during which no function, version or alias comes or goes."""

    def answer(call: Call) -> Any:
        with CHANGING:
            return action(call)

    return answer


def backend(region: str) -> Any:
    """moto's Lambda in a Region."""
    from moto.awslambda.models import lambda_backends

    return lambda_backends[ACCOUNT_ID][region]


def find(wanted: FunctionName) -> Any | None:
    """moto's function, or the published version, that a name means; None where there is none."""
    storage = backend(wanted.region)._lambdas
    group = storage._functions.get(wanted.name)
    if group is None:
        return None
    version = wanted.qualifier
    if wanted.is_alias:
        found = storage._aliases.get(wanted.function_arn, {}).get(version)
        if found is None:
            return None
        version = found.function_version
    if version in (None, LATEST):
        return group["latest"]
    return next((known for known in group["versions"] if str(known.version) == version), None)


def all_functions(region: str) -> list[Any]:
    """The unpublished version of every function of a Region."""
    groups = list(backend(region)._lambdas._functions.values())
    return [group["latest"] for group in groups if group["latest"] is not None]


def versions_of(wanted: FunctionName) -> list[Any]:
    """The published versions of a function, oldest first."""
    group = backend(wanted.region)._lambdas._functions.get(wanted.name)
    return list(group["versions"]) if group else []


def aliases_of(wanted: FunctionName) -> dict[str, Any]:
    """A function's aliases by name."""
    return dict(backend(wanted.region)._lambdas._aliases.get(wanted.function_arn, {}))


def set_aliases(wanted: FunctionName, aliases: dict[str, Any]) -> None:
    """Give a function other aliases."""
    backend(wanted.region)._lambdas._aliases[wanted.function_arn] = aliases


def all_layer_versions(region: str) -> list[Any]:
    """The versions of every layer of a Region."""
    layers = list(backend(region)._layers._layers.values())
    return [version for layer in layers for version in list(layer.layer_versions.values())]


def copy_of(function: Any) -> Any:
    """A copy of one of moto's functions that can be changed without changing the original."""
    changed = copy(function)
    changed.code = dict(function.code)
    changed.environment_vars = dict(function.environment_vars)
    return changed


def replace(function: Any) -> None:
    """Let a changed copy take the place of the function it was made from."""
    storage = backend(function.region)._lambdas
    storage._functions[function.function_name]["latest"] = function
    storage._arns[function.function_arn] = function


def now() -> str:
    """This moment as Lambda writes LastModified."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "+0000"


def layer_version(region: str, name: str, version: int) -> Any | None:
    """One version of a layer as moto keeps it; None where there is none."""
    layer = backend(region)._layers._layers.get(name)
    return layer.layer_versions.get(str(version)) if layer else None
