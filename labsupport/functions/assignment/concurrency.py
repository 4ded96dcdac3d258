"""How many invocations may run at once, and the throttle for those beyond.

docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html: a function with reserved concurrency
has that many to itself and no more; all others share what the account has left over. Provisioned
concurrency is taken from the function's reserved concurrency, or else from what all share.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from labsupport.facts import fact

from ..errors import ServiceError, invalid_parameter
from ..model import FunctionVersion, InvocationType

UNRESERVED_SHARE = 10
"""AWS keeps a tenth of the default limit, 100 of 1,000, for functions that reserve nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What runs at a moment, where one invocation of a function does.

    Args:
        unreserved: invocations in the Region that use nobody's reserved or provisioned concurrency,
            None where the function has reserved concurrency.
        claimed: how much of the Region's limit isn't there for other invocations on demand.
        allocated: the provisioned concurrency of the alias or version that was invoked.
        on_provisioned: how much of it is in use.
    """

    unreserved: int | None
    claimed: int
    allocated: int
    on_provisioned: int


class Concurrency:
    """Counts the invocations that run in a lab, for each Region.

    Args:
        limit: the account's limit in each Region; None for AWS's default.
        scaling_rate: environments a function may start in ten seconds; None for AWS's rate.
    """

    def __init__(self, limit: int | None = None, scaling_rate: int | None = None) -> None:
        rate = fact("conc.scaling_rate").value
        self.limit = limit or int(fact("conc.default").value)
        self._scaling_rate = scaling_rate or int(rate["environments"])
        self._scaling_s = float(rate["every_s"])
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._unreserved: Counter[str] = Counter()
        self._allocated: dict[str, int] = {}
        self._on_provisioned: Counter[str] = Counter()
        self._started: dict[str, deque[float]] = defaultdict(deque)
        self._requests: dict[str, _Bucket] = {}

    @property
    def least_unreserved(self) -> int:
        """How much must stay unreserved."""
        return max(1, self.limit // UNRESERVED_SHARE)

    @contextmanager
    def hold(
        self,
        function: FunctionVersion,
        invoked_arn: str,
        reserved: Mapping[str, int],
        kind: InvocationType = "RequestResponse",
    ) -> Iterator[str]:
        """Count an invocation while it runs.

        Args:
            invoked_arn: the ARN it was invoked by, with its qualifier if it had one.
            reserved: reserved concurrency in this Region, by function ARN.

        Yields:
            The ARN of the alias or version whose provisioned concurrency serves it, "" on demand.

        Raises:
            ServiceError: TooManyRequestsException when no more may run.
        """
        arn, own = function.arn, reserved.get(function.arn)
        with self._lock:
            if kind != "Event":
                self._count_request(function, own)
            provisioned = "" if own == 0 else self._free_provisioned(invoked_arn, function)
            counts = self._on_provisioned if provisioned else self._running
            shared = not provisioned and own is None
            if not provisioned:
                if own is not None and self._running[arn] >= own - self._provisioned_for(arn):
                    raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
                if shared and self._unreserved[function.region] >= self._left(function, reserved):
                    raise throttled("ConcurrentInvocationLimitExceeded")
            counts[provisioned or arn] += 1
            self._unreserved[function.region] += shared
        try:
            yield provisioned
        finally:
            with self._lock:
                counts[provisioned or arn] -= 1
                self._unreserved[function.region] -= shared

    def count_environment(self, function: FunctionVersion) -> None:
        """Count an environment that is started on demand.

        Raises:
            ServiceError: TooManyRequestsException when the function scales too fast.
        """
        now = time.monotonic()
        with self._lock:
            started = self._started[function.arn]
            while started and started[0] <= now - self._scaling_s:
                started.popleft()
            if len(started) >= self._scaling_rate:
                raise throttled("ConcurrentInvocationLimitExceeded")
            started.append(now)

    def allocate(self, target: str, count: int) -> None:
        """Keep so much provisioned concurrency for an alias or version; 0 gives it back."""
        with self._lock:
            self._allocated.pop(target, None)
            if count:
                self._allocated[target] = count

    def load(
        self, function: FunctionVersion, invoked_arn: str, reserved: Mapping[str, int]
    ) -> Load:
        """What runs now; see `hold` for the arguments."""
        with self._lock:
            unreserved = self._unreserved[function.region]
            targets = [t for t in (invoked_arn, function.qualified_arn) if t in self._allocated]
            target = targets[0] if targets else ""
            return Load(
                unreserved=unreserved if function.arn not in reserved else None,
                claimed=self.limit - self._left(function, reserved) + unreserved,
                allocated=self._allocated.get(target, 0),
                on_provisioned=self._on_provisioned[target],
            )

    def running(self, function: FunctionVersion) -> int:
        """How many invocations of a function run now."""
        with self._lock:
            on_provisioned = [
                count for target, count in self._on_provisioned.items() if _of(target, function.arn)
            ]
            return self._running[function.arn] + sum(on_provisioned)

    def in_use(self) -> dict[str, int]:
        """How many invocations run now, by the ARN of their function."""
        with self._lock:
            found = Counter(self._running)
            for target, count in self._on_provisioned.items():
                found[target.rpartition(":")[0]] += count
        return +found

    def check_reservation(self, arn: str, wanted: int, reserved: Mapping[str, int]) -> None:
        """Refuse to reserve so much that too little is left, or less than is provisioned.

        Raises:
            ServiceError: InvalidParameterValueException, in AWS's words.
        """
        provisioned = self._provisioned_for(arn)
        if wanted < provisioned:
            raise invalid_parameter(
                f"ReservedConcurrentExecutions  {wanted} should not be lower than function's total "
                f"provisioned concurrency [{provisioned}]."
            )
        others = sum(value for other, value in reserved.items() if other != arn)
        if self.limit - others - wanted < self.least_unreserved:
            raise invalid_parameter(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of "
                f"[{self.least_unreserved}]."
            )

    def check_provisioned(
        self, arn: str, target: str, wanted: int, reserved: Mapping[str, int]
    ) -> None:
        """Refuse to provision more than the function, or the account, has.

        Raises:
            ServiceError: InvalidParameterValueException, in AWS's words.
        """
        others = self._provisioned_for(arn) - self._allocated.get(target, 0)
        if (own := reserved.get(arn)) is not None:
            if wanted + others > own:
                raise invalid_parameter(
                    "Requested Provisioned Concurrency should not be greater than the "
                    "reservedConcurrentExecution for function"
                )
            return
        left = self.limit - sum(reserved.values()) - others
        if wanted > left:
            raise invalid_parameter(
                "Specified ConcurrentExecutions for function is greater than account's unreserved "
                f"concurrency [{left}]."
            )
        if left - wanted < self.least_unreserved:
            raise invalid_parameter(
                "Specified ConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of "
                f"[{self.least_unreserved}]."
            )

    def _free_provisioned(self, invoked_arn: str, function: FunctionVersion) -> str:
        for target in (invoked_arn, function.qualified_arn):
            if self._on_provisioned[target] < self._allocated.get(target, 0):
                return target
        return ""

    def _provisioned_for(self, arn: str) -> int:
        return sum(count for target, count in self._allocated.items() if _of(target, arn))

    def _left(self, function: FunctionVersion, reserved: Mapping[str, int]) -> int:
        """What functions of this Region that reserve nothing may use on demand."""
        provisioned = sum(
            count
            for target, count in self._allocated.items()
            if (arn := target.rpartition(":")[0]) not in reserved
            and arn.split(":")[3] == function.region
        )
        return self.limit - sum(reserved.values()) - provisioned

    def _count_request(self, function: FunctionVersion, own: int | None) -> None:
        """docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html, "requests per second"."""
        each = int(fact("conc.sync_rps_per_env").value)
        name, limit = (function.region, self.limit) if own is None else (function.arn, own)
        if limit and not self._requests.setdefault(name, _Bucket()).take(each * limit):
            reserved = "" if own is None else "Reserved"
            raise throttled(f"{reserved}FunctionInvocationRateLimitExceeded")


class _Bucket:
    """So many requests in a second, and no more at once."""

    def __init__(self) -> None:
        self._used = 0.0
        self._at = time.monotonic()

    def take(self, per_second: float) -> bool:
        now = time.monotonic()
        self._used = max(0.0, self._used - (now - self._at) * per_second)
        self._at = now
        if self._used + 1 > per_second:
            return False
        self._used += 1
        return True


def _of(target: str, function_arn: str) -> bool:
    return target.rpartition(":")[0] == function_arn


def throttled(reason: str) -> ServiceError:
    """The error for an invocation beyond a limit."""
    return ServiceError("TooManyRequestsException", "Rate Exceeded.", 429, {"Reason": reason})
