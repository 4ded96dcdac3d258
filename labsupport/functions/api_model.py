"""Lambda's API as botocore's service model describes it: its actions, their parameters, limits.

The model ships with boto3 and is what AWS generates its SDKs from, so actions are recognised and
parameters checked from it alone. docs.aws.amazon.com/lambda/latest/api
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from labsupport.facts import fact

from .errors import ServiceError
from .wsgi import access_key_id_of, read_body, region_of

# The model's maxima also hold for Lambda Managed Instances; these are those of event functions.
_LARGEST = {
    "MemorySize": "memory.max_mb",
    "Timeout": "timeout.max_s",
    "Size": "storage.tmp_max_mb",
}
_FAILED = "failed to satisfy constraint: "
# What has a check of its own, with another error than the model's.
_CHECKED_ELSEWHERE = {
    ("CreateFunction", "Runtime"),
    ("UpdateFunctionConfiguration", "Runtime"),
    ("CreateEventSourceMapping", "StartingPosition"),
}


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


def check(call: Call) -> None:
    """Refuse parameters that the model doesn't allow.

    Raises:
        ServiceError: ValidationException with AWS's message, which names every fault.
    """
    shape = _shape(call.action)
    if shape is None:
        return
    found = list(_faults(call.action, shape, call.parameters, ""))
    if found:
        errors = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise ServiceError("ValidationException", errors + "; ".join(found))


def success_status(action: str) -> int:
    """The HTTP status of an action that succeeds."""
    return int(_model().operation_model(action).http["responseCode"])


def values_of(shape: str) -> tuple[str, ...]:
    """The values that a shape of the model enumerates, for instance "Runtime"."""
    return tuple(_model().shape_for(shape).enum)


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


def _shape(action: str) -> Any:
    return _model().operation_model(action).input_shape


def _parameters(
    action: str, in_path: Mapping[str, str], query: str, environ: dict[str, Any]
) -> dict[str, Any]:
    shape = _shape(action)
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


def _faults(action: str, shape: Any, value: Any, where: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            place = f"{where}.{_lower(name)}" if where else _lower(name)
            if value.get(name) is None:
                if name in shape.required_members:
                    yield f"Value null at '{place}' {_FAILED}Member must not be null"
            elif (action, name) not in _CHECKED_ELSEWHERE:
                yield from _faults(action, _bounded(name, member), value[name], place)
    elif kind == "list" and isinstance(value, list):
        yield from _list_faults(action, shape, value, where)
    elif kind == "map" and isinstance(value, dict):
        yield from _map_faults(action, shape, value, where)
    elif kind in ("integer", "long", "double", "float") and isinstance(value, (int, float)):
        yield from _measured(shape, value, value, where, "value")
    elif kind == "string" and isinstance(value, str):
        yield from _measured(shape, len(value), value, where, "length")
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            yield (
                f"Value '{value}' at '{where}' {_FAILED}"
                f"Member must satisfy regular expression pattern: {pattern}"
            )
        if shape.enum and value not in shape.enum:
            yield (
                f"Value '{value}' at '{where}' {_FAILED}"
                f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            )


def _list_faults(action: str, shape: Any, value: list[Any], where: str) -> Iterator[str]:
    yield from _measured(shape, len(value), value, where, "length")
    if any(fault for item in value for fault in _faults(action, shape.member, item, where)):
        wanted = [*_constraints(shape.member)]
        if shape.name != "CompatibleArchitectures":
            wanted.append("Member must not be null")
        yield (
            f"Value '{_shown(value)}' at '{where}' {_FAILED}"
            f"Member must satisfy constraint: [{', '.join(wanted)}]"
        )


def _map_faults(action: str, shape: Any, value: dict[str, Any], where: str) -> Iterator[str]:
    entries = ", ".join(f"{name}={_number(entry)}" for name, entry in value.items())
    said = "" if shape.metadata.get("sensitive") else f"'{{{entries}}}' "
    start = f"Value {said}at '{where}' {_FAILED}Map "
    for part, members, inner in (
        ("keys", value.keys(), shape.key),
        ("value", value.values(), shape.value),
    ):
        if any(fault for member in members for fault in _faults(action, inner, member, where)):
            wanted = ", ".join([*_constraints(inner), "Member must not be null"])
            yield f"{start}{part} must satisfy constraint: [{wanted}]"


def _constraints(shape: Any) -> Iterator[str]:
    """What the model asks of the members of a list or map, as AWS lists it."""
    what = "length" if shape.type_name == "string" else "value"
    for key, word in (("max", "less"), ("min", "greater")):
        if key in shape.metadata:
            yield f"Member must have {what} {word} than or equal to {shape.metadata[key]}"
    if "pattern" in shape.metadata:
        yield f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}"
    if getattr(shape, "enum", None):
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _measured(shape: Any, size: float, value: Any, where: str, what: str) -> Iterator[str]:
    most, least = shape.metadata.get("max"), shape.metadata.get("min")
    wrong = f"Value '{_shown(value)}' at '{where}' {_FAILED}"
    if most is not None and size > most:
        yield f"{wrong}Member must have {what} less than or equal to {most}"
    if least is not None and size < least:
        yield f"{wrong}Member must have {what} greater than or equal to {least}"


class _Bounded:
    """A shape of the model with another maximum."""

    def __init__(self, shape: Any, most: int) -> None:
        self._shape = shape
        self.metadata = shape.metadata | {"max": most}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shape, name)


def _bounded(name: str, shape: Any) -> Any:
    limit = _LARGEST.get(name)
    return _Bounded(shape, int(fact(limit).value)) if limit else shape


def _matches(pattern: str, value: str) -> bool:
    try:
        return bool(_compiled(pattern).fullmatch(value))
    except re.error:  # Java's classes such as \p{L}, which Python doesn't have
        return True


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _number(value: Any) -> Any:
    """A number of a map as Java writes it, where all are of type double."""
    return float(value) if isinstance(value, int) else value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
