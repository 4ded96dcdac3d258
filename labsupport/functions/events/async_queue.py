"""The queue of asynchronous events, with its retries.

docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: after a function error
Lambda waits a minute, then two; after a throttle or an error of its own it backs off from one
second to five minutes; an event that grew too old is given up. All of it in lab time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from labsupport.clock import LabClock
from labsupport.facts import fact

from ..api.invoke_config import InvokeConfigs
from ..errors import ServiceError
from ..model import FunctionVersion, InvokeRequest, InvokeResult
from ..telemetry.recording import Telemetry
from ..workers import Workers
from .destinations import Condition, Messenger, Outcome
from .lineage import passing_on

log = logging.getLogger("labsupport.functions.async")

WORKERS = 32


@dataclass
class _Event:
    request: InvokeRequest
    qualified_arn: str
    received: float
    attempts: int = 0
    throttles: int = 0
    last: InvokeResult | None = None


class AsyncQueue:
    """Takes events in, sees each through to one success or one failure.

    Args:
        renew: gives the request with the function as it is by now; raises ServiceError.
        serve: invokes a function and waits; raises ServiceError when it is throttled.
        stopped: whether a function's reserved concurrency is 0, so that it will not run.
    """

    def __init__(
        self,
        *,
        clock: LabClock,
        telemetry: Telemetry,
        configs: InvokeConfigs,
        messenger: Messenger,
        renew: Callable[[InvokeRequest], InvokeRequest],
        serve: Callable[[InvokeRequest], InvokeResult],
        stopped: Callable[[FunctionVersion], bool],
    ) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._configs = configs
        self._messenger = messenger
        self._renew = renew
        self._serve = serve
        self._stopped = stopped
        self._workers = Workers(WORKERS, "lab-events")

    def accept(self, request: InvokeRequest) -> None:
        """Put an event into the queue; it is tried at once."""
        arn = request.invoked_arn
        qualified = arn if arn != request.function.arn else f"{arn}:$LATEST"
        self._telemetry.received(request)
        self._submit(_Event(request, qualified, self._clock.time()))

    def close(self) -> None:
        """Forget what waits. What runs ends with its environment."""
        self._workers.close()

    def _submit(self, event: _Event) -> None:
        def attempt() -> None:
            try:
                self._attempt(event)
            except Exception:
                log.exception("the end of an asynchronous event could not be recorded")

        self._workers.submit_holding(self._clock, attempt)

    def _attempt(self, event: _Event) -> None:
        config = self._configs.of(event.qualified_arn)
        age_s = self._clock.time() - event.received
        if age_s > config.max_age_s:
            self._end(event, "EventAgeExceeded")
            return
        self._telemetry.aged(event.request, age_s)
        try:
            request = replace(self._renew(event.request), attempt=event.attempts + 1)
            event.request = request
            event.last = self._serve(request)
        except ServiceError as error:
            self._refused(event, error)
            return
        except Exception as error:
            log.exception("an asynchronous event failed in the lab itself; it will be tried again")
            self._back_off(event, ServiceError("ServiceException", str(error), 500))
            return
        event.attempts += 1
        outcome = "error" if event.last.function_error else "success"
        outcome = event.last.status if event.last.status != "success" else outcome
        if outcome == "success":
            self._tried(event, outcome)
            self._end(event, "Success")
        elif event.attempts > config.max_retries:
            self._tried(event, outcome)
            self._end(event, "RetriesExhausted")
        else:
            delays_s = fact("async.retry_delays_s").value
            self._again(event, outcome, delays_s[event.attempts - 1])

    def _refused(self, event: _Event, error: ServiceError) -> None:
        """The function wasn't run: it is throttled, stopped or gone, or the lab had a fault."""
        if error.status == 429 and self._stopped(event.request.function):
            self._tried(event, "throttled")
            self._end(event, "ZeroReservedConcurrency")
        elif error.status in (429, 500, 503):
            self._back_off(event, error)
        else:
            log.info("an asynchronous event can't be delivered: %s", error)
            self._tried(event, "refused")
            stopped = error.code == "RecursiveInvocationException"
            self._end(event, "RecursiveInvocation" if stopped else "RetriesExhausted")

    def _back_off(self, event: _Event, error: ServiceError) -> None:
        limits = fact("async.back_off_s").value
        delay_s = min(limits["longest"], limits["first"] * 2 ** min(event.throttles, 10))
        event.throttles += 1
        self._again(event, "throttled" if error.status == 429 else "error", delay_s)

    def _again(self, event: _Event, outcome: str, lab_seconds: float) -> None:
        timer = self._clock.call_later(lab_seconds, lambda: self._submit(event))
        self._tried(event, outcome, timer.due)

    def _tried(self, event: _Event, outcome: str, next_due: float | None = None) -> None:
        self._telemetry.attempted(event.request, event.attempts, outcome, next_due)

    def _end(self, event: _Event, condition: Condition) -> None:
        outcome = Outcome(
            request=event.request,
            qualified_arn=event.qualified_arn,
            condition=condition,
            attempts=event.attempts,
            result=event.last,
            at=self._clock.now(),
        )
        config = self._configs.of(event.qualified_arn)
        kind = "OnSuccess" if condition == "Success" else "OnFailure"
        with passing_on(event.request.trace):
            if target := config.destinations.get(kind):
                self._deliver(self._messenger.to_destination, target, kind, outcome)
            if condition != "Success" and (target := event.request.function.dead_letter_queue):
                send = self._messenger.to_dead_letter_queue
                self._deliver(send, target, "DeadLetterQueue", outcome)
        self._telemetry.ended(event.request, condition, event.attempts)

    def _deliver(
        self, send: Callable[[str, Outcome], None], target: str, kind: str, outcome: Outcome
    ) -> None:
        error = ""
        try:
            send(target, outcome)
        except Exception as refusal:  # whatever a report fails of, the event has ended
            error = str(refusal) or type(refusal).__name__
            log.info("%s %s", kind, target, exc_info=True)
        self._telemetry.delivered(outcome.request, kind, target, outcome.condition, error)
