"""The JSON types of a call's parameters, refused where they aren't those of the service model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ServiceError

_NAMES = {
    "string": "a String",
    "blob": "a Blob",
    "boolean": "a Boolean",
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
}
_TAKEN: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str, bytes),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_EXPECTED = {
    "list": "Expected list or null",
    "map": "Expected map or null",
    "structure": "Expected structure or null",
}


def check_types(shape: Any, parameters: Any) -> None:
    """Refuse the first parameter whose JSON type isn't the model's; null stands for none.

    Raises:
        ServiceError: SerializationException, as AWS answers before it looks at any value.
    """
    for message in _mistyped(shape, parameters):
        raise ServiceError("SerializationException", message)


def _mistyped(shape: Any, value: Any) -> Iterator[str]:
    kind = shape.type_name
    if value is None or kind not in _TAKEN:
        return
    if type(value) not in _TAKEN[kind]:
        yield _message(kind, value)
    elif kind == "structure":
        for name, member in shape.members.items():
            yield from _mistyped(member, value.get(name))
    elif kind == "map":
        for entry in value.values():
            yield from _mistyped(shape.value, entry)
    elif kind == "list":
        for item in value:
            yield from _mistyped(shape.member, item)


def _message(kind: str, value: Any) -> str:
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if isinstance(value, list):
        return "Start of list found where not expected"
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, bool):
        found = f"{value}_VALUE".upper()
    else:
        found = "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"
    return f"{found} can not be converted to {_NAMES.get(kind, 'a Timestamp')}"
