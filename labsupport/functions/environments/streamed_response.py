"""A response that the runtime hands in part by part.

docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html (section on response streaming)
"""

from __future__ import annotations

import base64
import binascii
import json

from labsupport.facts import fact

from ..model import ResponseSink
from . import failures
from .failures import Failure
from .runtime_api import RuntimeCall

_ERROR = "lambda-runtime-function-error-"


class StreamedResponse:
    """Passes the parts on, or collects them where nobody takes them.

    On AWS what comes after the first 6 MB is slowed down to 2 MB a second.
    """

    def __init__(self, sink: ResponseSink | None) -> None:
        self._sink = sink
        self.begun = False
        self._parts: list[bytes] = []
        self._length = 0

    @property
    def streamed_bytes(self) -> int:
        """How much has gone into the sink."""
        return self._length if self._sink is not None else 0

    @property
    def collected(self) -> bytes:
        """What nobody has taken."""
        return b"".join(self._parts)

    def add(self, call: RuntimeCall) -> Failure | None:
        """Take a part; why it is too much, if it is."""
        self._length += len(call.body)
        if self._sink is None:
            self._parts.append(call.body)
            over = self._length > failures.response_bytes()
        else:
            if not self.begun:
                self._sink.start(call.headers.get("content-type", ""))
            self._sink.write(call.body)
            over = self._length > int(fact("stream.response_max_mb").value) * 1024 * 1024
        self.begun = True
        return failures.response_too_large() if over else None


def failure_of(call: RuntimeCall) -> Failure | None:
    """The error that a streamed response ends with; None for none."""
    kind = call.headers.get(f"{_ERROR}type")
    if kind is None:
        return None
    try:
        body = base64.b64decode(call.headers.get(f"{_ERROR}body", ""), validate=True)
    except (binascii.Error, ValueError):
        body = b""
    body = body or json.dumps({"errorType": kind, "errorMessage": ""}).encode()
    return failures.reported_by_runtime(body, during_init=False)
