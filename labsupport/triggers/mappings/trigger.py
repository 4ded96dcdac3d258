"""Event source mappings as a trigger of the lab."""

from __future__ import annotations

from collections.abc import Callable

from labsupport.facts import fact
from labsupport.functions.errors import invalid_parameter
from labsupport.functions.model import FunctionVersion
from labsupport.functions.workers import Workers
from labsupport.patching import Patches

from ..moto_bridge import mapping_registry
from ..moto_bridge.polled_queues import Queues, find_queue
from ..moto_bridge.polled_streams import Streams, find_stream
from ..surroundings import Surroundings
from .api import Mappings
from .checks import check_visibility
from .queue_poller import QueuePoller
from .settings import EventSourceMapping
from .stream_failures import StreamFailures
from .stream_lane import LaneContext
from .stream_poller import StreamPoller, first_positions

_NO_QUEUE = (
    "Error occurred while ReceiveMessage. SQS Error Code: "
    "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not "
    "exist."
)


class EventSourceMappings:
    """Reads the queues and streams that event source mappings name, in the place of moto."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._lab = surroundings
        self._workers = Workers(int(fact("esm.sqs_scaling").value["max"]), "lab-pollers")
        self._patches = Patches()
        self._queues = Queues(surroundings.clock)
        self._streams = Streams(surroundings.clock)
        self._pollers: dict[str, StreamPoller] = {}
        plane = surroundings.plane
        self._failures = StreamFailures(
            plane.role_clients, plane.metrics, surroundings.clock, surroundings.history
        )
        self._mappings = Mappings(surroundings.clock, self)

    def install(self) -> None:
        """Answer the API, and be told of messages and records."""
        self._queues.install()
        self._streams.install()
        mappings = self._mappings
        mappings.register(self._lab.actions)
        mapping_registry.lead(self._patches, mappings.find, mappings.create, mappings.delete)

    def close(self) -> None:
        """Read nothing more."""
        self._mappings.close()
        self._workers.close()
        self._patches.remove()
        self._queues.remove()
        self._streams.remove()

    @property
    def known(self) -> list[EventSourceMapping]:
        """All mappings there are."""
        return self._mappings.all

    def check(self, mapping: EventSourceMapping, function: FunctionVersion) -> None:
        """Refuse a source that isn't there or doesn't go with the function: ServiceError."""
        if mapping.service != "sqs":
            if find_stream(mapping.source_arn) is None:
                raise invalid_parameter(f"Stream not found: {mapping.source_arn}")
            return
        queue = find_queue(mapping.source_arn)
        if queue is None:
            raise invalid_parameter(_NO_QUEUE)
        check_visibility(int(queue.visibility_timeout), function.timeout_s)

    def note_position(self, mapping: EventSourceMapping) -> None:
        """Note where in a stream a mapping that has just been created begins."""
        if mapping.service != "sqs":
            mapping.positions = {
                shard_id: [position] for shard_id, position in first_positions(mapping).items()
            }

    def open(self, mapping: EventSourceMapping) -> Callable[[], None]:
        """Begin to read, until what is returned is called."""
        if mapping.service != "sqs":
            return self._open_stream(mapping)
        feed = self._queues.feed(mapping.source_arn)
        if feed is None:
            return lambda: None  # the queue was deleted meanwhile
        lab = self._lab
        return QueuePoller(
            mapping,
            feed,
            plane=lab.plane,
            clock=lab.clock,
            workers=self._workers,
            history=lab.history,
        ).close

    def _open_stream(self, mapping: EventSourceMapping) -> Callable[[], None]:
        lab = self._lab
        context = LaneContext(
            mapping=mapping,
            plane=lab.plane,
            clock=lab.clock,
            history=lab.history,
            failures=self._failures,
            lanes=int(mapping.settings["ParallelizationFactor"]),
        )
        poller = StreamPoller(
            context,
            streams=self._streams,
            clock=lab.clock,
            workers=self._workers,
            before=self._pollers.get(mapping.uuid),
        )
        self._pollers[mapping.uuid] = poller
        poller.open()
        return poller.close
