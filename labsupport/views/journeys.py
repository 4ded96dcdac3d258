"""Puts the record of the lab in order for a trace: who called whom, how often, to what end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labsupport.errors import LabValueError
from labsupport.history import (
    BatchPolled,
    Delivery,
    EventAttempt,
    EventEnded,
    EventReceived,
    Invocation,
    Phase,
    Record,
    TargetDelivery,
    Throttle,
)

from .lanes import Moment
from .seen import count
from .waits import lab_pause

WAIT_LAB_S = 20.0
"""Lab seconds from which on a pause is shown as a wait."""
_KINDS = {
    "lambda": "function",
    "sqs": "queue",
    "sns": "topic",
    "s3": "bucket",
    "dynamodb": "table",
    "kinesis": "stream",
    "events": "rule",
    "scheduler": "schedule",
    "execute-api": "API",
    "logs": "log group",
    "states": "workflow",
}


@dataclass(frozen=True)
class Step:
    """One call or delivery, or several that are alike.

    Args:
        at: seconds since 1970 of this machine when the first began.
        until: when the last was over.
        outcome: "" where there is nothing to say of it.
        well: whether it went well.
        after_lab_s: lab time waited before it, 0 for none to speak of.
    """

    source: str
    target: str
    what: str
    outcome: str
    well: bool
    at: float
    until: float
    times: int = 1
    after_lab_s: float = 0.0

    @property
    def label(self) -> str:
        """What, how often and with which outcome."""
        often = f" ×{self.times}" if self.times > 1 else ""
        return f"{self.what}{often}{': ' if self.outcome else ''}{self.outcome}"


def of_request(records: Sequence[Record], request_id: str) -> list[Record]:
    """The records of a request and of all that it led to, or that led to it.

    Raises:
        LabValueError: where nothing of it is recorded.
    """
    ours = [each for each in records if getattr(each, "request_id", "") == request_id]
    if not ours:
        raise LabValueError(
            f"Nothing is recorded of a request {request_id!r}: its id stands in the log, in "
            "lab.history and in the answer's ResponseMetadata."
        )
    chains = {each.trace_id for each in ours if isinstance(each, Invocation)} - {""}
    ids = {request_id} | {
        each.request_id
        for each in records
        if isinstance(each, Invocation) and each.trace_id in chains
    }
    return [each for each in records if getattr(each, "request_id", "") in ids]


def steps_of(records: Sequence[Record], known: Sequence[Record], speed: float) -> list[Step]:
    """The steps that these records tell of, those alike between two waits taken together.

    Args:
        known: all records there are, which tell who asked for an invocation.
        speed: the lab clock's, lab seconds for each real second.
    """
    single = sorted(_Reader(records, known).steps(), key=lambda step: step.at)
    moments = sorted(_moments(records), key=lambda each: each.real)
    found: list[Step] = []
    alike: dict[tuple[str, str, str, str], int] = {}
    busy_until = single[0].at if single else 0.0
    for step in single:
        pause = lab_pause(busy_until, step.at, moments, speed) if step.at > busy_until else 0.0
        busy_until = max(busy_until, step.until)
        if pause >= WAIT_LAB_S:
            alike.clear()
        key = (step.source, step.target, step.what, step.outcome)
        if key in alike:
            place = alike[key]
            found[place] = replace(found[place], times=found[place].times + 1, until=step.until)
        else:
            alike[key] = len(found)
            found.append(replace(step, after_lab_s=pause if pause >= WAIT_LAB_S else 0.0))
    return found


def _moments(records: Iterable[Record]) -> list[Moment]:
    found = []
    for each in records:
        if isinstance(each, Invocation):
            found.append(Moment(each.real_started, each.started))
        elif not isinstance(each, Phase):
            found.append(Moment(each.real_at, each.at))
    return found


class _Reader:
    def __init__(self, records: Sequence[Record], known: Sequence[Record]) -> None:
        self._records = records
        invocations = [each for each in known if isinstance(each, Invocation)]
        self._segments = {each.segment_id: each for each in invocations if each.segment_id}
        self._first: dict[str, Invocation] = {}
        for each in invocations:
            self._first.setdefault(each.request_id, each)
        self._reported = {each.request_id for each in known if isinstance(each, Delivery)}
        self._batches = [each for each in known if isinstance(each, BatchPolled)]

    def steps(self) -> list[Step]:
        found: list[Step] = []
        for record in self._records:
            match record:
                case EventReceived():
                    found += self._received(record)
                case Invocation():
                    found += self._invoked(record)
                case Throttle():
                    found.append(self._throttled(record))
                case Delivery():
                    found.append(_delivered(record))
                case TargetDelivery() if record.error or ":lambda:" not in record.target:
                    found.append(_sent(record))
                case EventEnded() if record.condition != "Success":
                    found += self._given_up(record)
                case EventAttempt(outcome="refused"):
                    name = participant(record.function_arn)
                    found.append(_at(record, _events(record), name, "attempt", "refused"))
        left = {id(batch) for batch in self._batches}
        return found + [
            _polled(r) for r in self._records if isinstance(r, BatchPolled) and id(r) in left
        ]

    def _caller(self, caller: str, request_id: str) -> str:
        """Who asked: where a handler did, with the rights of its role, its function."""
        if caller == "api":
            return "you"
        if ":iam:" in caller or ":sts:" in caller:
            child = self._first.get(request_id)
            parent = self._segments.get(child.parent_id) if child else None
            return (
                participant(parent.function_arn, parent.version)
                if parent
                else (participant(caller))
            )
        return participant(caller)

    def _cause(self, invocation: Invocation) -> list[Step]:
        """A handler's call that isn't recorded itself, but has led to an invocation."""
        parent = self._segments.get(invocation.parent_id)
        if parent is None or invocation.caller == "api" or invocation.attempt > 1:
            return []
        source = participant(parent.function_arn, parent.version)
        target = self._caller(invocation.caller, invocation.request_id)
        if source == target:
            return []
        at = min(invocation.real_started, parent.real_started + parent.duration_ms / 1000)
        return [Step(source, target, "led to", "", True, at, at)]

    def _received(self, record: EventReceived) -> list[Step]:
        source = self._caller(record.caller, record.request_id)
        step = _at(record, source, _events(record), f"event, {record.payload_bytes:,} bytes", "")
        return [replace(step, well=True)]

    def _invoked(self, record: Invocation) -> list[Step]:
        target = participant(record.function_arn, record.version)
        if record.invocation_type == "Event":
            source, what = _events(record), f"attempt {record.attempt}"
        else:
            source, what = self._caller(record.caller, record.request_id), "invoke"
            for batch in self._batches:
                if (batch.source_arn, batch.function_arn.partition(":$")[0]) == (
                    record.caller,
                    record.function_arn,
                ) and batch.real_at >= record.real_started:
                    what = f"batch of {count(batch.records, 'record')}"
                    self._batches.remove(batch)
                    break
        outcome = record.error_type or record.status
        end = record.real_started + (record.duration_ms + (record.init_ms or 0.0)) / 1000
        well = not record.function_error
        step = Step(source, target, what, outcome, well, record.real_started, end)
        return [*self._cause(record), step]

    def _throttled(self, record: Throttle) -> Step:
        queued = record.invocation_type == "Event"
        caller = self._caller(record.caller, record.request_id)
        source = _events(record) if queued else caller
        stopped = record.reason == "RecursiveInvocation"
        outcome = "stopped in a loop" if stopped else "throttled"
        return _at(record, source, participant(record.function_arn), "invoke", outcome)

    def _given_up(self, record: EventEnded) -> list[Step]:
        if record.request_id in self._reported:
            return []
        return [_at(record, _events(record), "nowhere", "given up", record.condition)]


def _at(
    record: Throttle | EventReceived | EventAttempt | EventEnded,
    source: str,
    target: str,
    what: str,
    outcome: str,
) -> Step:
    return Step(source, target, what, outcome, False, record.real_at, record.real_at)


def _delivered(record: Delivery) -> Step:
    outcome = "not delivered" if record.error else record.condition
    what = "dead letter" if record.kind == "DeadLetterQueue" else record.kind
    target, at = participant(record.target), record.real_at
    return Step(_events(record), target, what, outcome, not record.error, at, at)


def _sent(record: TargetDelivery) -> Step:
    source, target = participant(record.source), participant(record.target)
    outcome = "not delivered" if record.error else ""
    return Step(source, target, "event", outcome, not record.error, record.real_at, record.real_at)


def _polled(record: BatchPolled) -> Step:
    source, target = participant(record.source_arn), participant(record.function_arn)
    what = f"batch of {count(record.records, 'record')}"
    well = record.outcome == "success"
    return Step(source, target, what, record.outcome, well, record.real_at, record.real_at)


def _events(
    record: Invocation | Throttle | EventReceived | EventAttempt | EventEnded | Delivery,
) -> str:
    """The queue in which Lambda keeps a function's asynchronous events."""
    return f"events of {participant(record.function_arn).removeprefix('function ')}"


def participant(arn: str, version: str = "$LATEST") -> str:
    """What a resource or a principal is called in a trace: "bucket uploads", "function f:3"."""
    if not arn.startswith("arn:"):
        return arn or "unknown"
    _, _, service, _, _, resource = arn.split(":", 5)
    name = re.split("[/:]", resource)[-1]
    if service == "lambda":
        name = resource.removeprefix("function:").partition(":")[0]
        name += "" if version == "$LATEST" else f":{version}"
    elif service in ("dynamodb", "iam", "sts"):
        name = resource.split("/")[1] if "/" in resource else resource
    elif service == "execute-api":
        name = resource.partition("/")[0]
    kind = _KINDS.get(service, service)
    if service == "events" and resource.startswith("event-bus/"):
        kind = "event bus"
    elif service in ("iam", "sts"):
        kind = resource.split("/")[0]
    return f"{kind} {name}"
