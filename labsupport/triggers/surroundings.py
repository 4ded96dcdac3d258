"""What every kind of trigger is given, and what it has to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from labsupport.clock import LabClock
from labsupport.credentials import Credentials
from labsupport.functions import DataPlane
from labsupport.functions.api.actions import Actions
from labsupport.gateway import Route
from labsupport.history import History
from labsupport.iam import Gate


@dataclass(frozen=True)
class Surroundings:
    """The lab around a trigger.

    Args:
        plane: invokes functions.
        actions: Lambda's API, where a trigger may answer actions of its own.
        add_route: lets an application answer requests in moto's place.
        endpoint: the lab cloud's address.
        key: the lab's own access key.
        gate: gives what decides by policies, None while the lab allows all.
    """

    clock: LabClock
    history: History
    plane: DataPlane
    actions: Actions
    add_route: Callable[[Route], None]
    endpoint: str
    key: Credentials
    gate: Callable[[], Gate | None]


class Trigger(Protocol):
    """One kind of source that calls functions."""

    def install(self) -> None:
        """Take the place of moto's own delivery, from now on."""

    def close(self) -> None:
        """Deliver nothing more, and leave moto as it was. Twice does no harm."""
