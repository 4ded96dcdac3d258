"""The one form that all is read into before it is explained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal, NoReturn

from labsupport.errors import LabValueError

Kind = Literal["failure", "refusal", "event", "log", "result"]
_PLACE = re.compile(r'File "(?P<path>[^"<>]+)",? [Ll]ine (?P<line>\d+)')
_NOT_YOURS = re.compile("site-packages|awslambdaric|/lib(64)?/python|/var/(runtime|lang)/")


@dataclass(frozen=True)
class Seen:
    """What came back from AWS, or was written about it.

    Args:
        kind: "failure" of a function, "refusal" of a call, "event" that ended or waits, "log" or
            "result".
        error: AWS's error type or code; of an event its condition.
        message: AWS's message.
        reason: the Reason of a throttle.
        operation: what was called.
        stack: the stack trace as text.
        details: further words for the sentences.
    """

    kind: Kind
    error: str
    message: str = ""
    reason: str = ""
    operation: str = ""
    stack: str = ""
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The last line of the function's own code in the stack trace, "" where it has none."""
        own = [each for each in _PLACE.finditer(self.stack) if not _NOT_YOURS.search(each["path"])]
        return f"line {own[-1]['line']} of {PurePath(own[-1]['path']).name}" if own else ""


def nothing_to_explain(
    sentence: str = "There is nothing known to explain in this: give an answer of invoke, an "
    "exception, an error payload, a message of a queue, the text of a log, or a record of "
    "lab.history.",
) -> NoReturn:
    """Refuse what tells nothing. Raise LabValueError."""
    raise LabValueError(sentence)


def ended(condition: str, attempts: int) -> Seen:
    """The end of an asynchronous event."""
    return Seen("event", condition, details={"attempts": count(attempts, "attempt")})


def count(number: int, thing: str) -> str:
    """A number of things, in words: "1 attempt", "2 attempts"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
