"""All triggers of a lab, installed and closed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .asynchronous import ASYNCHRONOUS
from .http.api_calls import ApiTrigger
from .http.function_url_calls import FunctionUrlTrigger
from .mappings import EventSourceMappings
from .mappings.settings import EventSourceMapping
from .moto_bridge.rekognition import Moderation
from .surroundings import Surroundings, Trigger
from .workflows import Workflows

KINDS: Sequence[Callable[[Surroundings], Trigger]] = (
    FunctionUrlTrigger,
    ApiTrigger,
    Workflows,
    EventSourceMappings,
    *ASYNCHRONOUS,
    Moderation,
)


class Triggers:
    """The triggers of one lab."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._triggers = [kind(surroundings) for kind in KINDS]

    def install(self) -> None:
        """Let every kind of source call functions."""
        for trigger in self._triggers:
            trigger.install()

    @property
    def mappings(self) -> list[EventSourceMapping]:
        """All event source mappings there are."""
        kinds = [each for each in self._triggers if isinstance(each, EventSourceMappings)]
        return [mapping for kind in kinds for mapping in kind.known]

    def close(self) -> None:
        """Stop in the opposite order. Twice does no harm."""
        while self._triggers:
            self._triggers.pop().close()


def open_triggers(surroundings: Surroundings) -> Triggers:
    """Install every kind of trigger."""
    triggers = Triggers(surroundings)
    triggers.install()
    return triggers
