"""REST and HTTP APIs as they are served: their routes, and which of them a request takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from labsupport.credentials import ACCOUNT_ID

from .messages import HttpRequest

_FUNCTION = re.compile(r"(?:.*/functions/)?(arn:[^/]+)(?:/invocations)?")
_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_PARAMETER = re.compile(r"\{(\w[\w.-]*)(\+?)\}")


@dataclass(frozen=True)
class Integration:
    """What a route does.

    Args:
        kind: "AWS_PROXY", "MOCK" or another of API Gateway's types.
        uri: names the function of AWS_PROXY, with stage variables in it.
        payload_format: "1.0" or "2.0".
        role: ARN of a role that API Gateway assumes for the call; "" where the function's policy
            must allow it.
        mock: settings of a MOCK integration, see `mocks`.
    """

    kind: str
    uri: str = ""
    payload_format: str = "1.0"
    timeout_ms: int = 29000
    role: str = ""
    mock: Mapping[str, Any] = field(default_factory=dict)

    def function_arn(self, variables: Mapping[str, str]) -> str:
        """The function's ARN, with a stage's variables filled in."""
        return function_arn(self.uri, variables)


@dataclass(frozen=True)
class Authorizer:
    """A Lambda authorizer.

    Args:
        kind: "TOKEN" or "REQUEST"; of other kinds, which the lab doesn't have, as AWS names them.
        sources: for instance "method.request.header.Authorization".
        validation: a regular expression that a token has to match; "" for none.
        ttl_s: seconds for which a result is used again.
        payload_format: "1.0" or "2.0".
        simple: whether the function answers with isAuthorized.
    """

    id: str
    kind: str
    uri: str
    sources: tuple[str, ...]
    ttl_s: int
    validation: str = ""
    role: str = ""
    payload_format: str = "1.0"
    simple: bool = False


@dataclass(frozen=True)
class Route:
    """A method of a resource, or a route of an HTTP API.

    Args:
        method: for instance "GET", or "ANY".
        path: for instance "/pets/{id}"; "" for $default.
        authorization: "NONE", "CUSTOM", "AWS_IAM" or another of API Gateway's types.
    """

    method: str
    path: str
    integration: Integration | None = None
    resource_id: str = ""
    authorization: str = "NONE"
    authorizer: Authorizer | None = None

    @property
    def key(self) -> str:
        """The route key of an HTTP API, such as "GET /pets/{id}"."""
        return f"{self.method} {self.path}" if self.path else "$default"


@dataclass(frozen=True)
class Stage:
    """A stage of an API with what is deployed there.

    Args:
        api_id: the id of the API.
        binary_types: media types that are binary to a REST API.
        cors: settings of an HTTP API, as its API spells them.
    """

    api_id: str
    region: str
    name: str
    routes: tuple[Route, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    deployment_id: str = ""
    binary_types: tuple[str, ...] = ()
    cors: Mapping[str, Any] | None = None

    @property
    def domain(self) -> str:
        """The API's host name on AWS."""
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    def arn(self, rest: str) -> str:
        """The ARN of something in the API, as functions' policies name it."""
        return f"arn:aws:execute-api:{self.region}:{ACCOUNT_ID}:{self.api_id}/{rest}"


@dataclass(frozen=True)
class Exchange:
    """A request on the way through an API.

    Args:
        now: when it was taken on.
        parameters: of the path.
        authorizer: what a Lambda authorizer or IAM said of the caller, as the event has it; None
            where nobody was asked.
        identity: of the signer, as the events of REST APIs have it.
        signed_path: the whole path, that of the lab's address included.
    """

    request: HttpRequest
    stage: Stage
    route: Route
    now: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)
    authorizer: Mapping[str, Any] | None = None
    signed_path: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_path(self) -> str:
        """The path with the stage in front, where it has to be named."""
        prefix = "" if self.stage.name == "$default" else f"/{self.stage.name}"
        return prefix + self.request.path

    @property
    def method_arn(self) -> str:
        """What is called, with the path as it was sent, as authorizers' policies name it."""
        return self.stage.arn(f"{self.stage.name}/{self.request.method}{self.request.path}")

    @property
    def source_arn(self) -> str:
        """What calls the function, with the path of the route, as functions' policies name it."""
        return self.stage.arn(f"{self.stage.name}/{self.request.method}{self.route.path}")


def function_arn(uri: str, variables: Mapping[str, str]) -> str:
    """The function that an integration's or an authorizer's URI names; "" for none."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)
    found = _FUNCTION.fullmatch(filled)
    return found[1] if found else ""


def match(routes: Iterable[Route], method: str, path: str) -> tuple[Route | None, dict[str, str]]:
    """The route a request takes, and its path parameters.

    A literal part of a path goes before a parameter, that before a greedy one ({proxy+}), and the
    method itself before ANY.
    docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html

    Args:
        path: as it was sent; the parameters are decoded.
    """
    best: tuple[list[int], Route, dict[str, str]] | None = None
    for route in routes:
        found = _parameters(route.path, path)
        if found is None or route.method not in (method, "ANY"):
            continue
        rank = [*_rank(route.path), int(route.method == "ANY")]
        if best is None or rank < best[0]:
            best = rank, route, found
    return (best[1], best[2]) if best else (None, {})


def _rank(template: str) -> list[int]:
    """What a template is sorted by: part by part, the more particular first."""
    ranks = []
    for part in _parts(template):
        found = _PARAMETER.fullmatch(part)
        ranks.append(0 if found is None else 2 if found[2] else 1)
    return [*ranks, 3] if template else [4]


def _parameters(template: str, path: str) -> dict[str, str] | None:
    if not template:
        return {}
    found, given = {}, _parts(path)
    wanted = _parts(template)
    for index, part in enumerate(wanted):
        parameter = _PARAMETER.fullmatch(part)
        if index >= len(given):
            return None
        if parameter is None:
            if unquote(given[index]) != part:
                return None
        elif parameter[2]:
            found[parameter[1]] = unquote("/".join(given[index:]))
            return found
        else:
            found[parameter[1]] = unquote(given[index])
    return found if len(given) == len(wanted) else None


def _parts(path: str) -> list[str]:
    path = path.removeprefix("/").removesuffix("/")
    return path.split("/") if path else []
