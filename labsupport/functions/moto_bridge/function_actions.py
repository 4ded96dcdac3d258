"""The actions on functions themselves: API_CreateFunction and its like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..api.names import FunctionName, function_name, new_function_name
from ..api.paging import page
from ..errors import not_found
from .configuration import being_created, being_updated, configuration, in_list
from .functions import (
    create_function,
    delete_function,
    settle,
    update_code,
    update_configuration,
)
from .store import all_functions, find, versions_of
from .versions import publish_version


class FunctionActions:
    """The actions on functions.

    Args:
        retire: told the ARN of a function or version that is gone.
        published: told what has been published, as moto's.
        location: gives the address of a package, by the ARN of its version and its digest.
    """

    def __init__(
        self,
        retire: Callable[[str], None],
        published: Callable[[Any], None],
        location: Callable[[str, str], str],
    ) -> None:
        self._retire = retire
        self._published = published
        self._location = location

    def register(self, actions: Actions) -> None:
        """Answer the seven actions."""
        actions.add(
            CreateFunction=self._create,
            GetFunction=self._get,
            GetFunctionConfiguration=_get_configuration,
            UpdateFunctionCode=self._update_code,
            UpdateFunctionConfiguration=_update_configuration,
            DeleteFunction=self._delete,
            ListFunctions=_list,
        )

    def _create(self, call: Call) -> dict[str, Any]:
        name = new_function_name(call.region, call.get("FunctionName"))
        function = create_function(call.region, {**call.parameters, "FunctionName": name.name})
        answer = being_created(configuration(function))
        settle(name)
        if call.get("Publish"):
            version = publish_version(name)
            answer["Version"] = str(version.version)
            self._published(version)
        return answer

    def _update_code(self, call: Call) -> dict[str, Any]:
        name = function_name(call.region, call.get("FunctionName"))
        function = update_code(name, call.parameters)
        if call.get("DryRun"):
            return configuration(function)
        settle(name)
        if call.get("Publish"):
            version = publish_version(name)
            answer = being_created(configuration(version, str(version.version)))
            self._published(version)
            return answer
        return being_updated(configuration(function))

    def _get(self, call: Call) -> dict[str, Any]:
        name, function = _called(call)
        answer: dict[str, Any] = {"Configuration": configuration(function, name.qualifier)}
        if function.package_type == "Image":
            answer["Code"] = function.get_code()["Code"]
        else:
            answer["Code"] = {
                "RepositoryType": "S3",
                "Location": self._location(_version_arn(function), function.code_sha_256),
            }
        latest = find(FunctionName(name.region, name.name)) or function
        if latest.tags:
            answer["Tags"] = dict(latest.tags)
        if latest.reserved_concurrency is not None:
            answer["Concurrency"] = {
                "ReservedConcurrentExecutions": int(latest.reserved_concurrency)
            }
        return answer

    def _delete(self, call: Call) -> Reply:
        name = _name(call)
        if delete_function(name):
            self._retire(name.arn)
        return Reply(status=204)


def _update_configuration(call: Call) -> dict[str, Any]:
    name = function_name(call.region, call.get("FunctionName"))
    function = update_configuration(name, call.parameters)
    settle(name)
    return being_updated(configuration(function))


def _get_configuration(call: Call) -> dict[str, Any]:
    name, function = _called(call)
    return configuration(function, name.qualifier)


def _list(call: Call) -> dict[str, Any]:
    functions = all_functions(call.region)
    if call.get("FunctionVersion") != "ALL":
        return page("Functions", [in_list(configuration(each)) for each in functions], call)
    shown = [
        in_list(configuration(each, str(each.version)))
        for latest in functions
        for each in [latest, *versions_of(FunctionName(call.region, latest.function_name))]
    ]
    return page("Functions", shown, call)


def _name(call: Call) -> FunctionName:
    action = call.action
    return function_name(
        call.region, call.get("FunctionName"), call.get("Qualifier"), action=action
    )


def _called(call: Call) -> tuple[FunctionName, Any]:
    """What a call names, and moto's function for it."""
    name = _name(call)
    function = find(name)
    if function is None:
        raise not_found(name.arn)
    return name, function


def _version_arn(function: Any) -> str:
    return FunctionName(function.region, function.function_name, str(function.version)).arn
