"""Streamed answers of function URLs: what a stream says of itself, and the body behind that.

docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

from . import payload_v2
from .messages import HttpResponse, MalformedResponse

HTTP_STREAM = "application/vnd.awslambda.http-integration-response"
_END_OF_PRELUDE = b"\0" * 8
_LONGEST_PRELUDE = 1024 * 1024


def streamed(content_type: str, parts: Iterator[bytes]) -> HttpResponse:
    """The answer that a stream stands for.

    A stream of `HTTP_STREAM` begins with status, headers and cookies as JSON, and eight zeros.

    Raises:
        MalformedResponse: where that beginning can't be read.
    """
    if content_type != HTTP_STREAM:
        kind = content_type or "application/octet-stream"
        return HttpResponse(200, parts, (("Content-Type", kind),))
    begun = b""
    for part in parts:
        begun += part
        if _END_OF_PRELUDE in begun or len(begun) > _LONGEST_PRELUDE:
            break
    head, end, rest = begun.partition(_END_OF_PRELUDE)
    try:
        described = json.loads(head)
    except ValueError as error:
        raise MalformedResponse("the prelude is not JSON") from error
    if not end or not isinstance(described, dict):
        raise MalformedResponse("the stream has no prelude")
    described.setdefault("statusCode", 200)
    answer = payload_v2.response(json.dumps(described).encode())
    body = chain([rest] if rest else [], parts)
    return HttpResponse(answer.status, body, answer.headers)
