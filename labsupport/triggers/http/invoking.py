"""How API Gateway calls functions: with permission, and not for longer than it waits."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import Future
from typing import Any

from labsupport.functions import DataPlane
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import InvokeResult

from .messages import HttpRequest

log = logging.getLogger("labsupport.triggers")

SERVICE = "apigateway.amazonaws.com"


class NotInvoked(Exception):
    """Lambda has refused the call, or the function's policy doesn't allow it."""


def invoke(
    plane: DataPlane,
    function_arn: str,
    event: dict[str, Any],
    request: HttpRequest,
    *,
    source_arn: str,
    role: str = "",
    timeout_ms: float | None = None,
) -> InvokeResult:
    """Call a function and wait for its result.

    Args:
        source_arn: on whose behalf; the function's policy must allow it, unless there is a role.
        timeout_ms: real milliseconds to wait; the function goes on afterwards, as on AWS.

    Raises:
        NotInvoked: where it didn't come to run.
        TimeoutError: when the time is over.
    """
    if not function_arn or not (role or plane.may_invoke(function_arn, SERVICE, source_arn)):
        raise NotInvoked("Invalid permissions on Lambda function")
    payload = json.dumps(event).encode()
    result: Future[InvokeResult | None] = Future()

    def run() -> None:
        try:
            result.set_result(
                plane.invoke(
                    function_arn.split(":")[3],
                    function_arn,
                    payload,
                    trace_header=request.header("x-amzn-trace-id"),
                    caller=source_arn,
                )
            )
        except ServiceError as error:
            result.set_exception(error)
        except Exception as error:
            log.exception("a function could not be called")
            result.set_exception(error)

    if timeout_ms is None:
        run()
    else:
        threading.Thread(target=run, name="lab-api-call", daemon=True).start()
    try:
        found = result.result(timeout_ms / 1000 if timeout_ms is not None else None)
    except ServiceError as error:
        raise NotInvoked(str(error)) from error
    if found is None:
        raise NotInvoked("no result")
    return found
