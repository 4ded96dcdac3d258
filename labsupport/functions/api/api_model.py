"""Lambda's API as botocore's service model describes it: its actions and their parameters.

The model ships with boto3 and is what AWS generates its SDKs from, so actions are recognised and
parameters checked from it alone. docs.aws.amazon.com/lambda/latest/api
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from ..errors import ServiceError
from .wsgi import access_key_id_of, read_body, region_of


@dataclass(frozen=True)
class Call:
    """One call of an action.

    Args:
        action: for instance "PublishVersion".
        parameters: by their names in the API, whichever part of the request they came in.
        access_key_id: what the request is signed with.
        trace_header: X-Amzn-Trace-Id, which an SDK in a handler sends along.
    """

    action: str
    region: str
    parameters: Mapping[str, Any]
    request_id: str = ""
    access_key_id: str = ""
    trace_header: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or `default` where it is missing."""
        return self.parameters.get(name, default)


def read_call(environ: dict[str, Any], request_id: str) -> Call | None:
    """The call that a request to Lambda is; None where there is no such action.

    The body can still be read from `wsgi.input` afterwards.

    Raises:
        ServiceError: for a body that isn't JSON.
    """
    query = environ.get("QUERY_STRING", "")
    for action, in_path, wanted in _candidates(environ["REQUEST_METHOD"], environ["PATH_INFO"]):
        if wanted.items() <= dict(parse_qsl(query)).items():
            parameters = _parameters(action, in_path, query, environ)
            return Call(
                action,
                region_of(environ),
                parameters,
                request_id,
                access_key_id=access_key_id_of(environ),
                trace_header=environ.get("HTTP_X_AMZN_TRACE_ID", ""),
            )
    return None


@lru_cache(maxsize=4096)
def _candidates(method: str, path: str) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    return [
        (action, found.groupdict(), wanted)
        for action, its_method, pattern, wanted in _actions()
        if method == its_method and (found := pattern.fullmatch(path.rstrip("/")))
    ]


def success_status(action: str) -> int:
    """The HTTP status of an action that succeeds."""
    return int(_model().operation_model(action).http["responseCode"])


def values_of(shape: str) -> tuple[str, ...]:
    """The values that a shape of the model enumerates, for instance "Runtime"."""
    return tuple(_model().shape_for(shape).enum)


def input_shape(action: str) -> Any:
    """What the model says of an action's parameters, None where it has none."""
    return _model().operation_model(action).input_shape


@cache
def _model() -> Any:
    from botocore.session import get_session

    return get_session().get_service_model("lambda")


@cache
def _actions() -> list[tuple[str, str, re.Pattern[str], dict[str, str]]]:
    """Every action: its name, method, path and fixed query; the more particular ones first."""
    found = []
    for name in _model().operation_names:
        http = _model().operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        found.append((name, http["method"], re.compile(pattern), dict(parse_qsl(query))))
    return sorted(found, key=lambda action: -len(action[3]))


def _parameters(
    action: str, in_path: Mapping[str, str], query: str, environ: dict[str, Any]
) -> dict[str, Any]:
    shape = input_shape(action)
    if shape is None:
        return {}
    found: dict[str, Any] = {}
    body, payload = read_body(environ), shape.serialization.get("payload")
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    if payload:
        found[payload] = body
    elif body:
        found |= _json(body)
    values = parse_qs(query)
    for name, member in shape.members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        if place == "uri" and key in in_path:
            found[name] = _typed(member, in_path[key])
        elif place == "querystring" and key in values:
            many = member.type_name == "list"
            found[name] = values[key] if many else _typed(member, values[key][0])
        elif place == "header" and (header := environ.get(f"HTTP_{key.upper().replace('-', '_')}")):
            found[name] = header
    return found


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = "Could not parse request body into json: " + str(error)
        raise ServiceError("InvalidRequestContentException", message) from error
    return found if isinstance(found, dict) else {}


def _typed(shape: Any, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            return text
    return text == "true" if shape.type_name == "boolean" else text
