"""Provisioned concurrency: environments initialised before anybody invokes them.

docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from labsupport.clock import LabClock

from ..api.actions import Actions
from ..api.api_model import Call
from ..api.names import belongs
from ..environments.failures import Failure
from ..errors import ServiceError, invalid_parameter
from ..model import FunctionVersion
from ..moto_bridge import reserved_concurrency, resolve
from ..workers import Workers
from .concurrency import Concurrency
from .pool import EnvironmentPool

AT_ONCE = 4
"""How many environments are initialised at the same time."""


@dataclass(frozen=True)
class _Config:
    """What was asked for. A change makes another one, so that older work knows it is late."""

    target: str
    requested: int
    function: FunctionVersion
    modified: str
    failure: str = ""


class ProvisionedConcurrency:
    """The provisioned concurrency of a lab, by the ARN of an alias or a version.

    Args:
        aliases: the names of a function's aliases and the versions they mean, by Region and name.
    """

    def __init__(
        self,
        clock: LabClock,
        concurrency: Concurrency,
        pool: EnvironmentPool,
        aliases: Callable[[str, str], Mapping[str, str]],
    ) -> None:
        self._clock = clock
        self._concurrency = concurrency
        self._pool = pool
        self._aliases = aliases
        self._lock = threading.Lock()
        self._changing = threading.Lock()
        self._configs: dict[str, _Config] = {}
        self._workers = Workers(AT_ONCE, "lab-provision")

    def register(self, actions: Actions) -> None:
        """Answer the four actions on provisioned concurrency configs."""
        actions.add(
            PutProvisionedConcurrencyConfig=self._put,
            GetProvisionedConcurrencyConfig=self._get,
            DeleteProvisionedConcurrencyConfig=self._delete,
            ListProvisionedConcurrencyConfigs=self._list,
        )

    def follow(self, target: str, function: FunctionVersion) -> None:
        """Provision anew where an alias now means another version than its environments run."""
        if target not in self._configs:
            return
        with self._changing:
            config = self._configs.get(target)
            if config and config.function.fingerprint != function.fingerprint:
                self._provision(replace(config, function=function, failure=""))

    def forget(self, arn: str) -> None:
        """Give up what is provisioned for a deleted function, version or alias."""
        with self._lock:
            gone = [target for target in self._configs if belongs(target, arn)]
        for target in gone:
            self._give_up(target)

    def close(self) -> None:
        """Initialise nothing more."""
        self._workers.close()

    def _put(self, call: Call) -> dict[str, Any]:
        if call.get("Qualifier") == "$LATEST":
            raise invalid_parameter(
                "Provisioned Concurrency Configs cannot be applied to unpublished function "
                "versions."
            )
        function, target = _resolve(call)
        if function.snap_start:
            raise invalid_parameter(
                "Provisioned Concurrency is not supported for SnapStart enabled functions."
            )
        self._check_conflicts(call.region, function, target)
        wanted = int(call.get("ProvisionedConcurrentExecutions"))
        reserved = reserved_concurrency(call.region)
        self._concurrency.check_provisioned(function.arn, target, wanted, reserved)
        modified = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S+0000")
        config = _Config(target, wanted, function, modified)
        with self._changing:
            self._provision(config)
        return _shown(config, allocated=0, status="IN_PROGRESS")

    def _check_conflicts(self, region: str, function: FunctionVersion, target: str) -> None:
        """A version is provisioned by itself or through an alias, not both."""
        qualifier = target.rpartition(":")[2]
        aliases = self._aliases(region, function.name)
        with self._lock:
            configured = {
                known.rpartition(":")[2]
                for known in self._configs
                if known.rpartition(":")[0] == function.arn
            }
        if qualifier in aliases and function.version in configured:
            raise ServiceError(
                "ResourceConflictException",
                "Alias can't be used for Provisioned Concurrency configuration on an already "
                "Provisioned version",
                409,
            )
        if any(aliases.get(name) == qualifier for name in configured):
            raise ServiceError(
                "ResourceConflictException",
                "Version is pointed by a Provisioned Concurrency alias",
                409,
            )

    def _get(self, call: Call) -> dict[str, Any]:
        function, target = _resolve_published(call)
        self.follow(target, function)
        with self._lock:
            config = self._configs.get(target)
        if config is None:
            raise ServiceError(
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
                404,
            )
        return self._status(config)

    def _delete(self, call: Call) -> None:
        _, target = _resolve_published(call)
        self._give_up(target)

    def _list(self, call: Call) -> dict[str, Any]:
        function, _ = resolve(call.region, call.get("FunctionName"), None)
        with self._lock:
            found = [
                config for config in self._configs.values() if config.function.arn == function.arn
            ]
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": config.target, **self._status(config)} for config in found
            ]
        }

    def _status(self, config: _Config) -> dict[str, Any]:
        allocated = min(self._pool.provisioned(config.target), config.requested)
        if config.failure:
            return _shown(config, allocated=0, status="FAILED")
        ready = allocated >= config.requested
        return _shown(config, allocated=allocated, status="READY" if ready else "IN_PROGRESS")

    def _provision(self, config: _Config) -> None:
        """Have as many environments as were asked for, in the background."""
        with self._lock:
            before = self._configs.get(config.target)
            self._configs[config.target] = config
        if before and before.function.fingerprint != config.function.fingerprint:
            self._pool.give_up_provisioned(config.target)
        surplus = self._pool.provisioned(config.target) - config.requested
        if surplus > 0:
            self._pool.give_up_provisioned(config.target, surplus)
        self._concurrency.allocate(
            config.target, min(self._pool.provisioned(config.target), config.requested)
        )
        for _ in range(max(0, -surplus)):
            self._workers.submit(lambda: self._initialise(config))

    def _initialise(self, config: _Config) -> None:
        if not self._is_current(config):
            return
        try:
            failure = self._pool.provision(config.function, config.target)
        except ServiceError as error:
            failure = Failure(error.code, error.message)
        if not self._is_current(config):
            self._pool.give_up_provisioned(config.target, 1)
        elif failure:
            self._fail(config)
        else:
            self._concurrency.allocate(
                config.target, min(self._pool.provisioned(config.target), config.requested)
            )

    def _fail(self, config: _Config) -> None:
        with self._lock:
            self._configs[config.target] = replace(config, failure="FUNCTION_ERROR_INIT_FAILURE")
        self._concurrency.allocate(config.target, 0)
        self._pool.give_up_provisioned(config.target)

    def _give_up(self, target: str) -> None:
        with self._lock:
            self._configs.pop(target, None)
        self._concurrency.allocate(target, 0)
        self._pool.give_up_provisioned(target)

    def _is_current(self, config: _Config) -> bool:
        with self._lock:
            return self._configs.get(config.target) is config


def _resolve(call: Call) -> tuple[FunctionVersion, str]:
    return resolve(call.region, call.get("FunctionName"), call.get("Qualifier"))


def _resolve_published(call: Call) -> tuple[FunctionVersion, str]:
    if call.get("Qualifier") == "$LATEST":
        raise invalid_parameter(
            "The function resource provided must be an alias or a published version."
        )
    return _resolve(call)


def _shown(config: _Config, *, allocated: int, status: str) -> dict[str, Any]:
    shown = {
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": allocated,
        "AllocatedProvisionedConcurrentExecutions": allocated,
        "Status": status,
        "LastModified": config.modified,
    }
    return shown | ({"StatusReason": config.failure} if config.failure else {})
