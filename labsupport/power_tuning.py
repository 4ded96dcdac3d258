"""Power tuning: which memory size a function runs best at, found by invoking it at each.

After the well-known Step Functions tool (github.com/alexcasalboni/aws-lambda-power-tuning), whose
choices and balance it takes over; here medians are compared instead of trimmed means, and the
price of a request is counted.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labsupport.errors import LabError, LabValueError
from labsupport.pricing import lambda_cost
from labsupport.pricing.inputs import amount, memory_gb, whole
from labsupport.progress import Progress

if TYPE_CHECKING:
    from labsupport.figures import Picture
    from labsupport.history import Invocation
    from labsupport.lab import Lab

MEMORIES = (128, 256, 512, 1024, 1536, 3008)
MOST_INVOCATIONS = 1000
READY_S = 60


@dataclass(frozen=True, repr=False)
class PowerTuning:
    """What was measured of a function at several memory sizes.

    Args:
        durations_ms: of each invocation, without Init, milliseconds, by memory in MB.
        costs_usd: US dollars of the median invocation, by memory, without the free tier and Init.
        inits_ms: of the environments that were started, milliseconds, by memory.
    """

    function: str
    architecture: str
    durations_ms: Mapping[int, Sequence[float]]
    costs_usd: Mapping[int, Decimal]
    inits_ms: Mapping[int, Sequence[float]]

    @cached_property
    def medians_ms(self) -> dict[int, float]:
        """The median duration, milliseconds, by memory."""
        return {memory: statistics.median(each) for memory, each in self.durations_ms.items()}

    @property
    def measured(self) -> int:
        """How many invocations were measured."""
        return sum(map(len, self.durations_ms.values()))

    @property
    def cheapest(self) -> int:
        """The memory size, MB, of least cost; among equals the faster one."""
        return min(self.costs_usd, key=lambda size: (self.costs_usd[size], self.medians_ms[size]))

    @property
    def fastest(self) -> int:
        """The memory size, MB, of least duration; among equals the cheaper one."""
        return min(self.costs_usd, key=lambda size: (self.medians_ms[size], self.costs_usd[size]))

    def balanced(self, weight: float = 0.5) -> int:
        """The memory size, MB, with the best of both.

        Cost and duration are each taken as a share of their greatest value.

        Args:
            weight: of cost, from 0 (only duration counts) to 1 (only cost does).
        """
        share = float(amount("weight", weight, most=1))
        dearest = float(max(self.costs_usd.values()))
        slowest = max(self.medians_ms.values()) or 1.0
        return min(
            self.costs_usd,
            key=lambda size: (
                share * float(self.costs_usd[size]) / dearest
                + (1 - share) * self.medians_ms[size] / slowest
            ),
        )

    @cached_property
    def picture(self) -> Picture:
        """Duration above, cost below, every measurement a dot."""
        from labsupport.figures import power_tuning

        return power_tuning(self.durations_ms, self.costs_usd)

    @property
    def choice(self) -> str:
        """The three choices in a sentence."""
        return (
            f"Of {self.measured} measured invocations of {self.function}, {self.cheapest:,} MB "
            f"were the cheapest, {self.fastest:,} MB the fastest, and {self.balanced():,} MB "
            "balance cost and duration best."
        )

    def __str__(self) -> str:
        return f"{self.picture}\n{self.choice}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"{self.picture._repr_html_()}<p>{self.choice}</p>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def power_tune(
    function: str,
    payload: Any = None,
    *,
    memories: Sequence[int] = MEMORIES,
    invocations: int = 5,
) -> PowerTuning:
    """Invoke a function of the running lab at several memory sizes, and compare.

    Each size is set with UpdateFunctionConfiguration and invoked one request after the other, with
    AWS's share of a vCPU (`lab.cpu_share = "aws"`). Both are put back at the end, also after an
    error or an interrupt.

    Args:
        function: name or ARN of the function, whose $LATEST is tuned.
        payload: what each invocation gets: whatever JSON can hold, or bytes as they are.
        memories: MB.
        invocations: measured at each memory size, after one that starts the environment.

    Raises:
        LabError: in one sentence, when the function fails or can't be changed or invoked.
        LabValueError: for arguments that make no sense.
    """
    sizes = _checked(memories)
    count = int(whole("invocations", invocations, least=1, most=MOST_INVOCATIONS))
    event = _event(payload)
    lab = _running_lab()
    client = _client()
    with _in_words(function), _measuring(lab, client, function) as architecture:
        progress = Progress(f"Power tuning of {function}", len(sizes) * (count + 1))
        durations: dict[int, list[float]] = {}
        inits: dict[int, list[float]] = {}
        with progress:
            for size in sizes:
                _set_memory(client, function, size)
                records = []
                for number in range(count + 1):
                    progress.step(f"{size:,} MB, {number} of {count} invocations measured")
                    records.append(_invoke(lab, client, function, size, event))
                durations[size] = [each.duration_ms for each in records[1:]]
                inits[size] = [each.init_ms for each in records if each.init_ms is not None]
    costs = {
        size: lambda_cost(
            requests=1,
            duration_ms=statistics.median(each),
            memory_mb=size,
            architecture=architecture,
            free_tier=False,
        ).exact_total
        for size, each in durations.items()
    }
    return PowerTuning(function, architecture, durations, costs, inits)


def _checked(memories: Sequence[int]) -> list[int]:
    if isinstance(memories, str | bytes) or not isinstance(memories, Sequence) or not memories:
        raise LabValueError(
            f"memories={memories!r} names no sizes: give a list such as [128, 512]."
        )
    return sorted({int(memory_gb(size) * 1024) for size in memories})


def _event(payload: Any) -> bytes:
    if isinstance(payload, bytes):
        return payload
    try:
        return json.dumps({} if payload is None else payload).encode()
    except (TypeError, ValueError) as error:
        raise LabValueError(f"The payload is nothing that JSON can hold: {error}.") from None


def _running_lab() -> Lab:
    from labsupport.lab import Lab

    if Lab._current is None:
        raise LabError(
            "No lab is running, so nothing can be measured: run lab = Lab.start() first."
        )
    return Lab._current


def _client() -> Any:
    import boto3
    from botocore.config import Config

    from labsupport.facts import fact

    longest = int(fact("timeout.max_s").value) + READY_S
    return boto3.client("lambda", config=Config(retries={"max_attempts": 0}, read_timeout=longest))


@contextmanager
def _in_words(function: str) -> Iterator[None]:
    """Tell what AWS's API refuses in one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        told = error.response["Error"] if isinstance(error, ClientError) else {}
        words = f"{told['Code']}: {told['Message']}" if told.get("Message") else str(error)
        reason = " ".join(words.split()).rstrip(".")
        raise LabError(f"{function!r} could not be tuned: {reason}.") from None


@contextmanager
def _measuring(lab: Lab, client: Any, function: str) -> Iterator[str]:
    """Give AWS's share of a vCPU for a while, then put memory and share back; give architecture."""
    before = client.get_function_configuration(FunctionName=function)
    share = lab.cpu_share
    lab.cpu_share = "aws"
    try:
        yield before["Architectures"][0]
    finally:
        lab.cpu_share = share
        _set_memory(client, function, before["MemorySize"])


def _set_memory(client: Any, function: str, memory_mb: int) -> None:
    client.update_function_configuration(FunctionName=function, MemorySize=memory_mb)
    wait = {"Delay": 1, "MaxAttempts": READY_S}
    client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig=wait)


def _invoke(lab: Lab, client: Any, function: str, memory_mb: int, event: bytes) -> Invocation:
    answer = client.invoke(FunctionName=function, Payload=event)
    result = answer["Payload"].read()
    if "FunctionError" in answer:
        raise LabError(
            f"{function} failed at {memory_mb:,} MB, so it was not tuned any further: "
            f"{_reason(result)}."
        )
    request_id = answer["ResponseMetadata"]["RequestId"]
    for record in reversed(lab.history.invocations):
        if record.request_id == request_id:
            return record
    raise LabError(f"The lab has no record of {function}'s invocation {request_id}: run it again.")


def _reason(result: bytes) -> str:
    try:
        error = json.loads(result)
        text = ": ".join(filter(None, [error.get("errorType"), error.get("errorMessage")]))
    except (ValueError, AttributeError):
        text = result.decode("utf-8", "replace")
    return " ".join(text.split())[:300].rstrip(".")
