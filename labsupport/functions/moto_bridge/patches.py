"""moto's Lambda, led to the data plane, and what moto accepts although AWS refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any, Protocol

from ..actions import Actions
from ..errors import ServiceError
from ..model import FunctionVersion
from ..names import FunctionName, function_name
from . import alias_actions, layer_policies, reservations, runtime_management, tags, versions
from .configuration import configuration
from .function_actions import FunctionActions
from .functions import (
    create_function,
    delete_function,
    settle,
    update_code,
    update_configuration,
)
from .layer_actions import LayerActions, publish_layer
from .lookup import version_of
from .snapstart import take_if_wanted
from .versions import publish_version


class Runner(Protocol):
    """The data plane, as moto's triggers need it."""

    def run(self, function: FunctionVersion, invoked_arn: str, payload: bytes) -> Any:
        """Invoke and wait."""

    def retire(self, arn: str) -> None:
        """Forget a function, version or alias that is gone, and end its environments."""

    def check_reservation(self, arn: str, wanted: int) -> None:
        """Refuse reserved concurrency that the account can't give."""

    def take_snapshot(self, function: FunctionVersion) -> None:
        """Take the snapshot of a version with SnapStart that is being published."""


class Bridge:
    """moto's Lambda, led to a data plane from `install` until `remove`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._before: list[tuple[type, str, Any]] = []

    def install(self) -> None:
        """Put the data plane in the place of moto's own way of running functions."""
        from moto.awslambda.exceptions import LambdaClientError
        from moto.awslambda.models import LambdaBackend, LambdaFunction
        from moto.iam.models import IAMBackend

        self._replace(IAMBackend, "_init_aws_policies", _aws_policies)
        self._replace(LambdaFunction, "invoke", self._invoke)
        self._wrap(LambdaFunction, "update_configuration", _configure)
        self._wrap(LambdaFunction, "update_function_code", _update_code)
        self._wrap(LambdaBackend, "create_function", _create)
        self._wrap(LambdaBackend, "publish_version", self._publish)
        self._wrap(LambdaBackend, "delete_function", self._delete)
        self._wrap(LambdaBackend, "publish_layer_version", _publish_layer)
        self._wrap(LambdaClientError, "__init__", _word_as_lambda)

    def register(self, actions: Actions, location: Callable[[str, str], str]) -> None:
        """Answer Lambda's actions on functions, versions, aliases and layers.

        Args:
            location: gives the address of a package, by the ARN of its version and its digest.
        """
        FunctionActions(self._runner.retire, self._published, location).register(actions)
        versions.register(actions, self._published)
        alias_actions.register(actions, self._runner.retire)
        LayerActions(location).register(actions)
        layer_policies.register(actions)
        reservations.register(actions, self._runner.check_reservation)
        runtime_management.register(actions)
        tags.register(actions)

    def remove(self) -> None:
        """Leave moto as it was."""
        while self._before:
            owner, name, original = self._before.pop()
            setattr(owner, name, original)

    @property
    def _invoke(self) -> Callable[..., bytes]:
        runner = self._runner

        def invoke(function: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
            payload = body.encode() if isinstance(body, str) else bytes(body or b"{}")
            version = version_of(function)
            result = runner.run(version, version.arn, payload or b"{}")
            if result.function_error:
                response_headers["x-amz-function-error"] = result.function_error
            response_headers["X-Amz-Executed-Version"] = result.executed_version
            return bytes(result.payload)

        return invoke

    def _publish(self, _: Any, backend: Any, name: str, description: str = "") -> Any:
        wanted = function_name(backend.region_name, name)
        version = publish_version(wanted, description or None)
        self._published(version)
        return version

    def _published(self, version: Any) -> None:
        take_if_wanted(version, self._runner.take_snapshot)

    def _delete(self, _: Any, backend: Any, name: str, qualifier: Any = None) -> None:
        wanted = function_name(backend.region_name, name, qualifier)
        if delete_function(wanted):
            self._runner.retire(wanted.arn)

    def _replace(self, owner: Any, name: str, function: Any) -> None:
        self._before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, function)

    def _wrap(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(original, *args, **kwargs)
            except ServiceError as error:
                from moto.awslambda.exceptions import LambdaClientError

                refusal = LambdaClientError(error.code, error.message)
                refusal.code = error.status
                raise refusal from None

        self._replace(owner, name, wrapped)


def _create(_: Any, backend: Any, spec: Any) -> Any:
    """What CloudFormation does to create a function."""
    name = FunctionName(backend.region_name, spec["FunctionName"])
    function = create_function(name.region, spec)
    settle(name)
    return function


def _configure(_: Any, function: Any, properties: Any) -> Any:
    name = FunctionName(function.region, function.function_name)
    return configuration(update_configuration(name, properties))


def _update_code(_: Any, function: Any, code: Any) -> Any:
    name = FunctionName(function.region, function.function_name)
    return configuration(update_code(name, code))


def _publish_layer(_: Any, backend: Any, spec: Any) -> Any:
    return publish_layer(backend.region_name, spec)


@cache
def _policies_of_aws(account_id: str, region: str) -> list[Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    return [
        AWSManagedPolicy.from_data(name, account_id, region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    ]


def _aws_policies(backend: Any) -> list[Any]:
    """The policies AWS keeps ready, such as AWSLambdaBasicExecutionRole.

    moto leaves them out unless told otherwise, and then makes all of them for every reset.
    """
    return [copy(policy) for policy in _policies_of_aws(backend.account_id, backend.region_name)]


def _word_as_lambda(original: Callable[..., None], error: Any, code: str, message: str) -> None:
    """Give moto's Lambda errors the members Lambda's have."""
    original(error, code, message)
    members = ServiceError(code, message, error.code).body()
    error.description = json.dumps({"__type": code, **members})
