"""Aliases of functions.

docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..api.names import LATEST, FunctionName, function_name
from ..api.paging import page
from ..errors import ServiceError, conflict, invalid_parameter, not_found, revision_differs
from .functions import existing
from .store import CHANGING, aliases_of, find, set_aliases


def register(actions: Actions, retire: Callable[[str], None]) -> None:
    """Answer the actions on aliases.

    Args:
        retire: told the ARN of an alias that is gone.
    """

    def delete(call: Call) -> Reply:
        name = _name(call)
        with CHANGING:
            aliases = aliases_of(name)
            if aliases.pop(str(name.qualifier), None) is not None:
                set_aliases(name, aliases)
                retire(name.arn)
        return Reply()

    actions.add(
        CreateAlias=_create,
        GetAlias=_get,
        UpdateAlias=_update,
        ListAliases=_list,
        DeleteAlias=delete,
    )


def _create(call: Call) -> dict[str, Any]:
    from moto.awslambda.models import LambdaAlias

    name = _name(call)
    version = call.get("FunctionVersion")
    with CHANGING:
        _existing_version(name, version)
        if name.qualifier in aliases_of(name):
            raise conflict(f"Alias already exists: {name.arn}")
        alias = LambdaAlias(
            account_id=name.function_arn.split(":")[4],
            region=name.region,
            name=str(name.qualifier),
            function_name=name.name,
            function_version=version,
            description=call.get("Description") or "",
            routing_config=_routing(name, version, call.get("RoutingConfig")),  # type: ignore[arg-type]
        )
        set_aliases(name, {**aliases_of(name), alias.name: alias})
    return _shown(alias)


def _get(call: Call) -> dict[str, Any]:
    return _shown(_existing_alias(_name(call)))


def _update(call: Call) -> dict[str, Any]:
    name = _name(call)
    with CHANGING:
        alias = copy(_existing_alias(name))
        if call.get("RevisionId") not in (None, "", alias.revision_id):
            raise revision_differs()
        version = call.get("FunctionVersion") or alias.function_version
        _existing_version(name, version)
        routing = call.get("RoutingConfig")
        if routing is None:
            routing = alias.routing_config
        alias.routing_config = _routing(name, version, routing)
        alias.function_version = version
        if call.get("Description") is not None:
            alias.description = call.get("Description")
        alias.revision_id = str(uuid.uuid4())
        set_aliases(name, {**aliases_of(name), alias.name: alias})
    return _shown(alias)


def _list(call: Call) -> dict[str, Any]:
    name = function_name(call.region, call.get("FunctionName"))
    existing(name)
    version = call.get("FunctionVersion")
    found = [
        _shown(alias)
        for _, alias in sorted(aliases_of(name).items())
        if version in (None, alias.function_version)
    ]
    return page("Aliases", found, call)


def _name(call: Call) -> FunctionName:
    """The alias a call is about; a qualifier in its FunctionName means nothing."""
    name = function_name(call.region, call.get("FunctionName"))
    return replace(name, qualifier=call.get("Name"))


def _existing_alias(name: FunctionName) -> Any:
    alias = aliases_of(name).get(str(name.qualifier))
    if alias is None:
        message = f"Cannot find alias arn: {name.arn}"
        raise ServiceError("ResourceNotFoundException", message, 404)
    return alias


def _existing_version(name: FunctionName, version: str) -> None:
    wanted = replace(name, qualifier=version)
    if find(wanted) is None:
        raise not_found(wanted.arn)


def _routing(
    name: FunctionName, version: str, routing: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The weights of further versions, refused where Lambda refuses them."""
    weights = dict((routing or {}).get("AdditionalVersionWeights") or {})
    if not weights:
        return None
    if len(weights) > 1:
        raise invalid_parameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
    if version == LATEST:
        raise invalid_parameter(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )
    for other in weights:
        if other == version:
            raise invalid_parameter(
                f"Invalid function version {version}. Function version {version} is already "
                "included in routing configuration."
            )
        _existing_version(name, other)
    return {"AdditionalVersionWeights": weights}


def _shown(alias: Any) -> dict[str, Any]:
    members = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.function_version,
        "Description": alias.description,
        "RoutingConfig": alias.routing_config,
        "RevisionId": alias.revision_id,
    }
    return {name: value for name, value in members.items() if value is not None}
