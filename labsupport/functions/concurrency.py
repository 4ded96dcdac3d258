"""How many invocations may run at once, and the throttle for those beyond.

docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html: a function with reserved concurrency
has that many to itself and no more; all others share what the account has left over.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from labsupport.facts import fact

from .errors import ServiceError, invalid_parameter
from .model import FunctionVersion

UNRESERVED_SHARE = 10
"""AWS keeps a tenth of the default limit, 100 of 1,000, for functions that reserve nothing."""


class Concurrency:
    """Counts the invocations that run in a lab, for each Region.

    Args:
        limit: the account's limit in each Region; None for AWS's default.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit or int(fact("conc.default").value)
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._unreserved: Counter[str] = Counter()

    @property
    def least_unreserved(self) -> int:
        """How much must stay unreserved."""
        return max(1, self.limit // UNRESERVED_SHARE)

    @contextmanager
    def hold(self, function: FunctionVersion, reserved: Mapping[str, int]) -> Iterator[None]:
        """Count an invocation while it runs.

        Args:
            reserved: reserved concurrency in this Region, by function ARN.

        Raises:
            ServiceError: TooManyRequestsException when no more may run.
        """
        own = reserved.get(function.arn)
        with self._lock:
            if own is not None and self._running[function.arn] >= own:
                raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            left = self.limit - sum(reserved.values())
            if own is None and self._unreserved[function.region] >= left:
                raise throttled("ConcurrentInvocationLimitExceeded")
            self._running[function.arn] += 1
            self._unreserved[function.region] += own is None
        try:
            yield
        finally:
            with self._lock:
                self._running[function.arn] -= 1
                self._unreserved[function.region] -= own is None

    def check_reservation(self, arn: str, wanted: int, reserved: Mapping[str, int]) -> None:
        """Refuse to reserve so much that too little is left for other functions.

        Raises:
            ServiceError: InvalidParameterValueException, in AWS's words.
        """
        others = sum(value for other, value in reserved.items() if other != arn)
        if self.limit - others - wanted < self.least_unreserved:
            raise invalid_parameter(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of "
                f"[{self.least_unreserved}]."
            )


def throttled(reason: str) -> ServiceError:
    """The error for an invocation beyond a limit."""
    return ServiceError("TooManyRequestsException", "Rate Exceeded.", 429, {"Reason": reason})
