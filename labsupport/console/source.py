"""Where the console gets what it shows: the lab, as far as the console needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labsupport.history import History

if TYPE_CHECKING:
    from labsupport.triggers.mappings.settings import EventSourceMapping


@dataclass(frozen=True)
class Source:
    """A lab to look at.

    Args:
        region: the lab's Region; things of others are named with theirs.
        environment: the variables with which a client reaches the lab, its key among them.
        running: whether the lab still runs.
        in_use: the invocations that run now, by function ARN.
        mappings: all event source mappings.
    """

    region: str
    environment: Mapping[str, str]
    history: History
    running: Callable[[], bool]
    in_use: Callable[[], Mapping[str, int]]
    mappings: Callable[[], Sequence[EventSourceMapping]]
