"""How a function handles asynchronous events: retries, the greatest age, destinations.

The settings and the API that keeps them, in moto's place: there the first setting wins for ever.
docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from labsupport.facts import fact

from .errors import ServiceError, invalid_parameter
from .moto_bridge import resolve
from .wsgi import answer, answer_error, read_body, region_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_PATH = re.compile(r"/2019-09-25/functions/(?P<name>.+)/event-invoke-config(?P<list>/list)?")
_RANGES = {
    "MaximumRetryAttempts": ("maximumRetryAttempts", "async.retries"),
    "MaximumEventAgeInSeconds": ("maximumEventAgeInSeconds", "async.max_event_age_s"),
}


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

    def forget(self, function_arn: str) -> None:
        """Drop the settings of a deleted function."""
        with self._lock:
            for arn in [arn for arn in self._configs if arn.rpartition(":")[0] == function_arn]:
                del self._configs[arn]

    def wants(self, environ: dict[str, Any]) -> bool:
        """Whether a request is for this API."""
        return bool(environ["PATH_INFO"].startswith("/2019-09-25/functions/"))

    def app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The five actions on event invoke configs, as a WSGI application."""
        try:
            status, body = self._answer(environ)
        except ServiceError as error:
            return answer_error(start_response, error, [])
        return answer(start_response, status, [], json.dumps(body).encode() if body else b"")

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Any]:
        path = _PATH.fullmatch(environ["PATH_INFO"])
        if path is None:
            raise ServiceError("UnknownOperationException", "There is no such action.", 404)
        query = parse_qs(environ.get("QUERY_STRING", ""))
        qualifier = query.get("Qualifier", [None])[0]
        function, invoked = resolve(region_of(environ), path["name"], qualifier)
        arn = invoked if invoked != function.arn else f"{function.arn}:$LATEST"
        if path["list"]:
            with self._lock:
                found = [a for a in self._configs if a.rpartition(":")[0] == function.arn]
                return 200, {"FunctionEventInvokeConfigs": [self._shown(a) for a in found]}
        method = environ["REQUEST_METHOD"]
        with self._lock:
            if method in ("PUT", "POST"):
                if method == "POST":
                    self._must_exist(arn)
                self._configs[arn] = _changed(
                    self._configs[arn] if method == "POST" else InvokeConfig(), _read(environ)
                )
                return 200, self._shown(arn)
            self._must_exist(arn)
            if method == "DELETE":
                del self._configs[arn]
                return 204, None
            return 200, self._shown(arn)

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


def _read(environ: dict[str, Any]) -> dict[str, Any]:
    try:
        body = json.loads(read_body(environ))
    except ValueError as error:
        message = "Could not parse request body into json"
        raise ServiceError("InvalidRequestContentException", message) from error
    return body if isinstance(body, dict) else {}


def _changed(before: InvokeConfig, wanted: dict[str, Any]) -> InvokeConfig:
    if not any(wanted.get(key) is not None for key in (*_RANGES, "DestinationConfig")):
        raise invalid_parameter(
            "You must specify at least one of error handling or destination setting."
        )
    for key, (shown, limits) in _RANGES.items():
        _check_range(shown, wanted.get(key), fact(limits).value)
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


def _check_range(name: str, value: Any, limits: dict[str, int]) -> None:
    if value is None or limits["min"] <= value <= limits["max"]:
        return
    word, bound = ("less", "max") if value > limits["max"] else ("greater", "min")
    raise ServiceError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value {word} than or equal to {limits[bound]}",
    )
