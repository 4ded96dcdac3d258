"""Long lists, in pages as the List actions give them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from labsupport.facts import fact

from ..errors import invalid_parameter
from .api_model import Call


def page(name: str, items: Sequence[Any], call: Call) -> dict[str, Any]:
    """The page a call asks for with Marker and MaxItems, as members of the answer.

    Args:
        name: the member that holds the items.

    Raises:
        ServiceError: for a Marker that no answer has given.
    """
    most = int(fact("limits.list_items").value)
    start = _position(call.get("Marker"))
    end = start + min(call.get("MaxItems") or most, most)
    answer: dict[str, Any] = {name: list(items[start:end])}
    if end < len(items):
        answer["NextMarker"] = base64.b64encode(str(end).encode()).decode()
    return answer


def _position(marker: str | None) -> int:
    if not marker:
        return 0
    try:
        position = base64.b64decode(marker, validate=True)
    except (binascii.Error, ValueError):
        position = b""
    if not position.isdigit() or len(position) > 18:
        raise invalid_parameter("Invalid Marker.")
    return int(position)
