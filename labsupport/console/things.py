"""What the console shows of the lab, as it is read at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Function(NamedTuple):
    """A function's configuration.

    Args:
        memory_mb: MB.
        timeout_s: seconds.
        reserved: reserved concurrency, None where it has none.
        dead_letters: the ARN of its dead-letter queue or topic, "" for none.
    """

    arn: str
    name: str
    region: str
    state: str
    runtime: str
    memory_mb: int
    timeout_s: int
    reserved: int | None
    log_group: str
    dead_letters: str


class Queue(NamedTuple):
    """A queue and how many messages it holds.

    Args:
        in_flight: messages that were received and are neither deleted nor shown again.
        delayed: messages that can't be received yet.
        dead_letters: the ARN of its dead-letter queue, "" for none.
    """

    arn: str
    name: str
    region: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: str


class DeadLetter(NamedTuple):
    """A message of a dead-letter queue.

    Args:
        body: cut where it is long.
        attributes: its message attributes, as text.
        received: how often it was received.
    """

    id: str
    body: str
    attributes: Mapping[str, str]
    received: int


class Stream(NamedTuple):
    """A stream and how many records it holds, by shard."""

    arn: str
    name: str
    region: str
    kind: str
    records: Mapping[str, int]


class LogLine(NamedTuple):
    """An event of a log; `at` in milliseconds since 1970."""

    at: int
    group: str
    message: str


def clipped(text: str, most: int) -> str:
    """A text, cut where it has more than `most` characters, with a note on how many more."""
    more = len(text) - most
    return text if more <= 0 else f"{text[:most]}… ({more:,} more characters)"
