"""The events of functions: what SAM lists under a function's Events."""

from __future__ import annotations

from typing import Any

from .draft import Draft
from .functions import Function


class Events:
    """The events of the functions as they are found.

    Args:
        functions: by the ARN that their SAM events invoke.
        properties: of each function in the template, by logical id.
    """

    def __init__(
        self, draft: Draft, functions: list[Function], properties: dict[str, dict[str, Any]]
    ) -> None:
        self._draft = draft
        self._targets = {function.target: function for function in functions}
        self._known = {function.arn: function for function in functions}
        self._properties = properties

    def function(self, arn: str) -> Function | None:
        """The function whose SAM events would invoke just this ARN."""
        return self._targets.get(arn)

    def missing(self, arn: str) -> bool:
        """Whether an ARN is that of a function, or of a qualifier, that the template lacks."""
        if ":lambda:" not in arn:
            return False
        plain = ":".join(arn.split(":")[:7])
        return arn not in self._targets and (plain not in self._known or arn != plain)

    def add(self, function: Function, name: str, kind: str, properties: dict[str, Any]) -> str:
        """Add an event to a function and return the logical id that SAM's resource will have."""
        events = self._properties[function.logical].setdefault("Events", {})
        wanted = "".join(
            part[:1].upper() + part[1:]
            for part in "".join(
                letter if letter.isascii() and letter.isalnum() else " " for letter in name
            ).split()
        )
        event, number = wanted, 2
        while event in events:
            event, number = f"{wanted}{number}", number + 1
        events[event] = {"Type": kind, "Properties": properties}
        return function.logical + event
