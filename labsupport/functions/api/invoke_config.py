"""How a function handles asynchronous events: retries, the greatest age, destinations.

The settings and the API that keeps them, in moto's place: there the first setting wins for ever.
docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from labsupport.facts import fact

from ..errors import ServiceError, invalid_parameter
from ..moto_bridge import exists, undisturbed
from .actions import Actions
from .api_model import Call
from .names import FunctionName, belongs, function_name

LISTED = 50
"""Settings in one answer to ListFunctionEventInvokeConfigs, where the call names no number."""

ALLOWED = {
    "OnSuccess": ("sqs", "sns", "lambda", "events"),
    "OnFailure": ("sqs", "sns", "lambda", "events", "s3"),
}
"""Services that a record can be sent to."""

_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


@dataclass
class InvokeConfig:
    """The settings of one version or alias; what isn't set has AWS's default.

    Args:
        age_s: greatest age of an event, seconds.
        destinations: ARNs by "OnSuccess" and "OnFailure".
    """

    retries: int | None = None
    age_s: int | None = None
    destinations: dict[str, str] = field(default_factory=dict)
    modified: float = 0.0

    @property
    def max_retries(self) -> int:
        """How often a failed event is tried again."""
        if self.retries is not None:
            return self.retries
        return int(fact("async.retries").part("default").value)

    @property
    def max_age_s(self) -> int:
        """Seconds after which an event is given up."""
        return self.age_s or int(fact("async.max_event_age_s").part("default").value)


class InvokeConfigs:
    """All settings of a lab, by the ARN of a function with its qualifier."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._configs: dict[str, InvokeConfig] = {}

    def of(self, qualified_arn: str) -> InvokeConfig:
        """The settings that hold for a version or alias."""
        with self._lock:
            return self._configs.get(qualified_arn, InvokeConfig())

    def forget(self, arn: str) -> None:
        """Drop the settings of a deleted function, version or alias."""
        with self._lock:
            for known in [known for known in self._configs if belongs(known, arn)]:
                del self._configs[known]

    def register(self, actions: Actions) -> None:
        """Answer the five actions on event invoke configs."""
        actions.add(
            PutFunctionEventInvokeConfig=undisturbed(self._put),
            UpdateFunctionEventInvokeConfig=undisturbed(self._put),
            GetFunctionEventInvokeConfig=self._get,
            DeleteFunctionEventInvokeConfig=self._delete,
            ListFunctionEventInvokeConfigs=self._list,
        )

    def _put(self, call: Call) -> dict[str, Any]:
        if not any(call.get(setting) is not None for setting in _SETTINGS):
            raise invalid_parameter(
                "You must specify at least one of error handling or destination setting."
            )
        name, update = _existing(call), call.action.startswith("Update")
        _check_destinations(call, name)
        arn = name.qualified_arn
        with self._lock:
            if update:
                self._must_exist(arn)
            before = self._configs[arn] if update else InvokeConfig()
            self._configs[arn] = _changed(before, call.parameters)
            return self._shown(arn)

    def _get(self, call: Call) -> dict[str, Any]:
        arn = _name(call).qualified_arn
        with self._lock:
            self._must_exist(arn)
            return self._shown(arn)

    def _delete(self, call: Call) -> None:
        arn = _name(call).qualified_arn
        with self._lock:
            self._must_exist(arn)
            del self._configs[arn]

    def _list(self, call: Call) -> dict[str, Any]:
        function = _existing(call).function_arn
        start, most = int(call.get("Marker") or 0), int(call.get("MaxItems") or LISTED)
        with self._lock:
            found = sorted(arn for arn in self._configs if arn.rpartition(":")[0] == function)
            shown = [self._shown(arn) for arn in found[start : start + most]]
        more = {"NextMarker": str(start + most)} if start + most < len(found) else {}
        return {"FunctionEventInvokeConfigs": shown, **more}

    def _must_exist(self, arn: str) -> None:
        if arn not in self._configs:
            message = f"The function {arn} doesn't have an EventInvokeConfig"
            raise ServiceError("ResourceNotFoundException", message, 404)

    def _shown(self, arn: str) -> dict[str, Any]:
        config = self._configs[arn]
        destinations = {
            kind: {"Destination": config.destinations[kind]} if kind in config.destinations else {}
            for kind in ("OnFailure", "OnSuccess")
        }
        shown = {
            "FunctionArn": arn,
            "LastModified": config.modified,
            "DestinationConfig": destinations,
            "MaximumRetryAttempts": config.retries,
            "MaximumEventAgeInSeconds": config.age_s,
        }
        return {name: value for name, value in shown.items() if value is not None}


def _name(call: Call) -> FunctionName:
    return function_name(call.region, call.get("FunctionName"), call.get("Qualifier"))


def _existing(call: Call) -> FunctionName:
    name = _name(call)
    if not exists(name):
        raise ServiceError("ResourceNotFoundException", "The function doesn't exist.", 404)
    return name


def _check_destinations(call: Call, function: FunctionName) -> None:
    """Refuse destinations that a function can't have; whether others exist, deliveries show."""
    wanted = call.get("DestinationConfig") or {}
    targets = {kind: (wanted.get(kind) or {}).get("Destination") for kind in ALLOWED}
    for kind, target in targets.items():
        if target and _service(target) not in ALLOWED[kind]:
            raise invalid_parameter(
                f"The provided destination config {_shown(targets)} is invalid."
            )
        if target and _service(target) == "lambda":
            named = function_name(target.split(":")[3], target)
            if not exists(replace(named, qualifier=None)):
                raise invalid_parameter(f"The destination ARN {target} is invalid.")
            if named.function_arn == function.function_arn:
                raise invalid_parameter(
                    "You can't specify the function as a destination for itself."
                )


def _shown(targets: Mapping[str, str | None]) -> str:
    parts = [
        f"o{kind[1:]}={f'{kind}(destination={target})' if target else 'null'}"
        for kind, target in targets.items()
    ]
    return f"DestinationConfig({', '.join(parts)})"


def _service(target: str) -> str:
    return target.split(":")[2] if target.startswith("arn:") else ""


def _changed(before: InvokeConfig, wanted: Mapping[str, Any]) -> InvokeConfig:
    destinations = dict(before.destinations)
    for kind, target in (wanted.get("DestinationConfig") or {}).items():
        destinations.pop(kind, None)
        if target.get("Destination"):
            destinations[kind] = target["Destination"]
    return InvokeConfig(
        retries=wanted.get("MaximumRetryAttempts", before.retries),
        age_s=wanted.get("MaximumEventAgeInSeconds", before.age_s),
        destinations=destinations,
        modified=time.time(),
    )
