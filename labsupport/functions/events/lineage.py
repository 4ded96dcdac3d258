"""The trace header that follows a chain of requests, and the loops that are seen in it.

Lambda hands each invocation an X-Ray trace header; an AWS SDK in the handler sends it along with
every call. Its Lineage counts how often each function has been invoked in the chain, by which
Lambda recognises that a function invokes itself without end.
docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

LONGEST = 32
"""Functions that a Lineage names; longer chains forget the first ones."""

_ROOT = re.compile("1-[0-9a-f]{8}-[0-9a-f]{24}")
_COUNTED = re.compile("([0-9a-f]{8}):([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where an invocation stands in a chain of requests.

    Args:
        root: X-Ray's id of the whole chain.
        segment: the id of this invocation.
        parent: the id of the invocation whose handler asked for this one, "" for none.
        lineage: for each function of the chain its hash and how often it came back; the function
            that is invoked stands last.
    """

    root: str
    segment: str
    parent: str
    sampled: str
    lineage: tuple[tuple[str, int], ...]

    @property
    def header(self) -> str:
        """The header as the runtime gets it."""
        lineage = "|".join(f"{name}:{count}" for name, count in self.lineage)
        parts = f"Root={self.root};Parent={self.segment};Sampled={self.sampled}"
        return f"{parts};Lineage={lineage}"

    @property
    def times(self) -> int:
        """How often the function has been invoked in this chain, this time included."""
        return self.lineage[-1][1] + 1


def continue_lineage(header: str, function_arn: str, *, sampled: bool = False) -> Trace:
    """The trace of an invocation of a function.

    Args:
        header: X-Amzn-Trace-Id, or an SQS message's AWSTraceHeader, of what led to the invocation;
            "" or anything that isn't such a header begins a new chain.
        sampled: whether X-Ray takes a chain that begins here.
    """
    parts = {
        name.strip().lower(): value.strip()
        for name, _, value in (part.partition("=") for part in unquote(header).split(";"))
    }
    root = parts.get("root", "")
    known = bool(_ROOT.fullmatch(root))
    name = f"{zlib.crc32(function_arn.encode()):08x}"
    counts = dict(_counts(parts.get("lineage", "")) if known else ())
    counts[name] = counts.pop(name, -1) + 1
    chance = os.urandom(20).hex()
    return Trace(
        root=root if known else f"1-{int(time.time()):08x}-{chance[16:]}",
        segment=chance[:16],
        parent=parts.get("parent", "") if known else "",
        sampled=str(int(parts.get("sampled") == "1" if known else sampled)),
        lineage=tuple(counts.items())[-LONGEST:],
    )


_handed_on: ContextVar[str] = ContextVar("trace header", default="")


@contextmanager
def passing_on(trace: Trace) -> Iterator[None]:
    """Have the calls that Lambda itself makes in this thread carry an invocation's trace."""
    token = _handed_on.set(trace.header)
    try:
        yield
    finally:
        _handed_on.reset(token)


def add_header(params: Any, **_: Any) -> None:
    """A handler of boto3's event before-call: put the trace that is handed on into the request."""
    if header := _handed_on.get():
        params["headers"]["X-Amzn-Trace-Id"] = header


def _counts(lineage: str) -> list[tuple[str, int]]:
    found = (_COUNTED.fullmatch(part) for part in lineage.split("|"))
    return [(part[1], int(part[2])) for part in found if part]
