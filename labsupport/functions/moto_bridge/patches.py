"""moto's Lambda, led to the data plane, and the actions that are answered in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any, Protocol

from labsupport.patching import Patches

from ..api.actions import Actions
from ..errors import ServiceError
from ..model import FunctionVersion
from . import alias_actions, layer_policies, reservations, runtime_management, tags, versions
from .function_actions import FunctionActions
from .layer_actions import LayerActions
from .lookup import version_of
from .snapstart import take_if_wanted


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
        self._patches = Patches()

    def install(self) -> None:
        """Put the data plane in the place of moto's own way of running functions."""
        from moto.awslambda.exceptions import LambdaClientError
        from moto.awslambda.models import LambdaFunction
        from moto.iam.models import IAMBackend

        self._patches.replace(IAMBackend, "_init_aws_policies", _aws_policies)
        self._patches.replace(LambdaFunction, "invoke", self._invoke)
        self._patches.replace(LambdaClientError, "__init__", _worded(LambdaClientError.__init__))

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
        self._patches.remove()

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

    def _published(self, version: Any) -> None:
        take_if_wanted(version, self._runner.take_snapshot)


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


def _worded(original: Callable[..., None]) -> Callable[..., None]:
    """Give moto's Lambda errors the members Lambda's have."""

    def worded(error: Any, code: str, message: str) -> None:
        original(error, code, message)
        members = ServiceError(code, message, error.code).body()
        error.description = json.dumps({"__type": code, **members})

    return worded
