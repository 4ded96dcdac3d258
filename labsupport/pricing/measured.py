"""What invocations that really ran would have cost on AWS."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from labsupport.facts import fact
from labsupport.history import Invocation

from .bill import Bill, Line
from .functions import MILLION
from .inputs import ARCHITECTURES, price, tiered, whole

KB = 1024
PROVISIONED = "provisioned-concurrency"


def bill_of(invocations: Iterable[Invocation], *, times: int = 1, free_tier: bool = False) -> Bill:
    """The bill of what ran, as often as `times` in a month: two lines or more for each function.

    Args:
        times: "this, a million times a month" is 1_000_000.
        free_tier: take off the free requests and GB-seconds, shared out in the order of the lines.
    """
    count = whole("times", times, least=1)
    by_function: dict[str, list[Invocation]] = defaultdict(list)
    for each in invocations:
        by_function[each.function_arn.split(":")[6]].append(each)
    allowance = _Allowance(free_tier)
    lines = [
        line
        for name, ran in sorted(by_function.items())
        for line in _function(name, ran, count, allowance)
    ]
    ran = sum(map(len, by_function.values()))
    times_over = f", {count:,} times a month" if count > 1 else ""
    return Bill(
        tuple(lines),
        (
            f"{ran:,} invocations as they were recorded on this machine{times_over}.",
            "Durations are those of this machine; on AWS they depend on the memory.",
            "Keeping provisioned concurrency and other services cost extra.",
        ),
    )


class _Allowance:
    """What is left of the monthly free tier."""

    def __init__(self, granted: bool) -> None:
        free = (fact("price.free.requests").value, fact("price.free.gbs").value)
        self.requests, self.gb_s = map(Decimal, free if granted else (0, 0))

    def take_requests(self, count: Decimal) -> Decimal:
        taken = min(count, self.requests)
        self.requests -= taken
        return taken

    def take_gb_s(self, gb_s: Decimal) -> Decimal:
        taken = min(gb_s, self.gb_s)
        self.gb_s -= taken
        return taken


def _function(
    name: str, ran: list[Invocation], times: Decimal, allowance: _Allowance
) -> Iterable[Line]:
    requests = sum(map(_requests, ran)) * times
    free = allowance.take_requests(requests)
    rate = price("price.requests")
    less = f" - {free:,} free" if free else ""
    yield Line(
        f"{name}: requests",
        (requests - free) * rate / MILLION,
        f"({requests:,}{less}) × USD {rate} per million",
        ("price.requests",),
    )
    gb_s: dict[str, Decimal] = defaultdict(Decimal)
    more_storage = Decimal(0)
    for each in ran:
        seconds = Decimal(each.billed_ms) / 1000 * times
        chip = ARCHITECTURES[each.architecture]
        kind = "pc_duration" if each.initialization_type == PROVISIONED else "gbs"
        gb_s[f"price.{kind}.{chip}"] += seconds * each.memory_mb / KB
        more_storage += seconds * max(0, each.ephemeral_mb - _free_storage_mb()) / KB
    for rates, amount in gb_s.items():
        yield _compute(name, rates, amount, allowance)
    if more_storage:
        rate = price("price.ephemeral")
        formula = f"{more_storage:,f} GB-s of /tmp × USD {rate:f}"
        yield Line(f"{name}: ephemeral storage", more_storage * rate, formula, ("price.ephemeral",))


def _compute(name: str, rates: str, gb_s: Decimal, allowance: _Allowance) -> Line:
    if not isinstance(fact(rates).value, list):
        rate = price(rates)
        formula = f"{gb_s:,f} GB-s × USD {rate:f}"
        return Line(f"{name}: provisioned duration", gb_s * rate, formula, (rates,))
    free = allowance.take_gb_s(gb_s)
    shares = tiered(gb_s - free, fact(rates).value, "up_to_gb_s")
    less = f" - {free:,f} free" if free else ""
    sums = " + ".join(f"{share:,f} × USD {rate:f}" for share, rate in shares) or "0"
    chip = "" if rates.endswith("x86") else " (Arm)"
    return Line(
        f"{name}: compute{chip}",
        sum((share * rate for share, rate in shares), Decimal(0)),
        f"{gb_s:,f} GB-s{less}; {sums}",
        (rates,),
    )


def _requests(invocation: Invocation) -> int:
    """An asynchronous event counts once for each portion of its size."""
    if invocation.invocation_type != "Event":
        return 1
    chunks = fact("price.async_request_chunks").value
    further: float = max(0, invocation.payload_bytes / KB - chunks["first_kb"])
    return 1 + math.ceil(further / int(chunks["each_further_kb"]))


def _free_storage_mb() -> int:
    return int(fact("storage.tmp_min_mb").value)
