"""Lambda's API as one WSGI application: what moto lacks or has wrong is answered here.

Every call is first checked against the service model. An action that is registered is then
answered by its function. What the lab hasn't is refused; moto answers the rest.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ServiceError
from .api_checks import check
from .api_model import Call, read_call, success_status
from .wsgi import Headers, answer, answer_error, service_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication


_LEFT_TO_MOTO = frozenset({"GetFunctionCodeSigningConfig"})
_PATH = re.compile(r"/20\d\d-\d\d-\d\d/.+")


@dataclass(frozen=True)
class Reply:
    """What an action answers where that is more than members of a JSON body.

    Args:
        body: bytes, an iterator of them for a body that is streamed, or members of a JSON body.
        status: HTTP status; None for the one of the service model.
        afterwards: called when the answer has been sent, or nobody wants it any more.
    """

    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    status: int | None = None
    afterwards: tuple[Callable[[], None], ...] = ()


Action = Callable[[Call], Any]
"""Answers a call with a `Reply` or with the members of the JSON body; raises ServiceError."""


class Actions:
    """Lambda's API.

    Args:
        moto: answers requests that are no action of Lambda's, and what is left to it.
    """

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto
        self._ours: dict[str, Action] = {}

    def add(self, **actions: Action) -> None:
        """Register functions by the names of the actions they answer."""
        self._ours |= actions

    def wants(self, environ: dict[str, Any]) -> bool:
        """Whether a request is for Lambda's API."""
        return service_of(environ) == "lambda" and bool(_PATH.match(environ["PATH_INFO"]))

    def app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request_id = str(uuid.uuid4())
        headers: Headers = [("x-amzn-RequestId", request_id)]
        try:
            call = read_call(environ, request_id)
            if call is not None:
                check(call)
                if call.action in self._ours:
                    reply = self._ours[call.action](call)
                    return _answer(call, reply, headers, start_response)
                if call.action not in _LEFT_TO_MOTO:
                    raise _missing(call.action)
        except ServiceError as error:
            return answer_error(start_response, error, headers)
        return self._moto(environ, start_response)


def _missing(action: str) -> ServiceError:
    message = f"The lab has nothing for {action}: on AWS it would take effect."
    return ServiceError("NotImplementedException", message, 501)


def _answer(
    call: Call, reply: Any, headers: Headers, start_response: StartResponse
) -> Iterable[bytes]:
    if not isinstance(reply, Reply):
        reply = Reply(reply)
    body = reply.body
    if not isinstance(body, bytes | Iterator):
        body = b"" if body is None else json.dumps(body).encode()
    status = reply.status or success_status(call.action)
    answered = answer(start_response, status, [*reply.headers, *headers], body)
    return _followed(answered, reply.afterwards) if reply.afterwards else answered


def _followed(body: Iterable[bytes], afterwards: tuple[Callable[[], None], ...]) -> Iterator[bytes]:
    try:
        yield from body
    finally:
        for each in afterwards:
            each()
