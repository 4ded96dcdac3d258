"""What a process writes to its log, taken apart into log events.

awslambdaric hands over what `logging` writes, and the error of a handler, in frames: where an event
ends is then certain although it has many lines, and its level is known. On AWS frames
have a channel of their own; here they come between the lines of standard output, so that the order
in which a handler wrote is kept. What is not a frame is text, an event for each line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

EVENT_BYTES = 256 * 1024
"""The most an event of the lab's has; a longer one goes on in the next."""

LEVELS = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_MAGIC = b"\xa5\x5a\x00"
_HEADER_BYTES = 16  # type, length of the message, microseconds since 1970


@dataclass(frozen=True)
class Piece:
    """One event of the log, or a part of one that is too long.

    Args:
        level: the level its frame names, "" where it names none and for text.
    """

    message: bytes
    level: str = ""


class Splitter:
    """Takes a process's output in any portions; holds no more than one event at a time."""

    def __init__(self) -> None:
        self._begun = b""  # what may be the beginning of a frame
        self._line = b""
        self._frame: Piece | None = None
        self._left = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The events that are now complete."""
        data, self._begun = self._begun + data, b""
        at = 0
        while at < len(data):
            if self._frame is not None:
                part = data[at : at + self._left]
                at += len(part)
                yield from self._framed(self._frame, part)
                continue
            start = data.find(_MAGIC, at)
            if start < 0:
                start = len(data) - _half_magic(data, at)
            yield from self._text(data[at:start])
            header = data[start : start + _HEADER_BYTES]
            if len(header) < _HEADER_BYTES:
                self._begun = header
                return
            at = start + _HEADER_BYTES
            level = header[3] >> 2 & 7
            if level < len(LEVELS):
                self._left = int.from_bytes(header[4:8], "big")
                self._frame = Piece(b"", LEVELS[level])
            else:  # somebody's own bytes
                at = start + 1
                yield from self._text(header[:1])

    def end(self) -> Iterator[Piece]:
        """What is left of the output, whole or not."""
        if line := self._line + self._begun:
            yield Piece(line)
        if self._frame is not None and self._frame.message:
            yield self._frame
        self._begun, self._line, self._frame = b"", b"", None

    def _text(self, data: bytes) -> Iterator[Piece]:
        *lines, rest = (self._line + data).split(b"\n")
        for line in lines:
            yield from map(Piece, _portions(line))
        *long, self._line = _portions(rest)
        yield from map(Piece, long)

    def _framed(self, frame: Piece, part: bytes) -> Iterator[Piece]:
        self._left -= len(part)
        *done, rest = _portions(frame.message + part)
        if not self._left:
            done.append(rest)
        for message in done:
            yield replace(frame, message=message)
        self._frame = replace(frame, message=rest) if self._left else None


def _portions(message: bytes) -> list[bytes]:
    """A message in portions of at most EVENT_BYTES, no character cut in two; one at least."""
    portions = []
    while len(message) > EVENT_BYTES:
        cut = EVENT_BYTES
        while cut > EVENT_BYTES - 4 and message[cut] & 0xC0 == 0x80:
            cut -= 1
        portions.append(message[:cut])
        message = message[cut:]
    return [*portions, message]


def _half_magic(data: bytes, start: int) -> int:
    """How many bytes at the end may be the beginning of a frame."""
    return next((n for n in (2, 1) if data.endswith(_MAGIC[:n], start)), 0)
