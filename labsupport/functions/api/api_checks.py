"""The values of a call's parameters, refused where the service model doesn't allow them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from labsupport.facts import fact

from ..errors import ServiceError
from .api_model import Call, input_shape
from .api_types import check_types

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


def check(call: Call) -> None:
    """Refuse parameters that the model doesn't allow.

    Raises:
        ServiceError: SerializationException for a parameter of another JSON type, else
            ValidationException with AWS's message, which names every fault.
    """
    shape = input_shape(call.action)
    if shape is None:
        return
    check_types(shape, call.parameters)
    found = list(_faults(call.action, shape, call.parameters, ""))
    if found:
        errors = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise ServiceError("ValidationException", errors + "; ".join(found))


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
    if shape.member.type_name == "structure":
        for number, item in enumerate(value, 1):
            if item is None:
                yield f"Value null at '{where}.{number}.member' {_FAILED}Member must not be null"
            yield from _faults(action, shape.member, item, f"{where}.{number}.member")
    elif None in value or any(
        fault for item in value for fault in _faults(action, shape.member, item, where)
    ):
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
