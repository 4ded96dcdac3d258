"""What Lambda functions cost in a month, as aws.amazon.com/lambda/pricing works it out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from labsupport.errors import LabValueError
from labsupport.facts import fact

from .bill import Bill, Line
from .inputs import amount, check_region, memory_gb, price, tiered, whole
from .inputs import architecture as arch_of

MILLION = Decimal(10) ** 6
HOUR_S = Decimal(3600)
PROVISIONED_STEP_S = Decimal(300)


@dataclass(frozen=True)
class Provisioned:
    """Provisioned concurrency.

    Args:
        concurrency: environments kept ready.
        hours: how long they are, in the month; billed in steps of five minutes.
        requests: served by them; those beyond are on demand.
        duration_ms: average of these requests, milliseconds.
    """

    concurrency: int
    hours: float
    requests: int
    duration_ms: float


@dataclass(frozen=True)
class SnapStart:
    """SnapStart of a Python or .NET function; Java's costs nothing.

    Args:
        cached_seconds: how long snapshots are kept in the month, all versions together.
        restores: environments started from a snapshot.
    """

    cached_seconds: float
    restores: int


@dataclass(frozen=True)
class Pollers:
    """Event source mappings in provisioned mode.

    Args:
        kind: "kafka" or "sqs".
        hours: event-poller-unit hours in the month.
    """

    kind: Literal["kafka", "sqs"]
    hours: float


@dataclass(frozen=True)
class Durable:
    """Durable functions.

    Args:
        operations: durable operations in the month.
        written_gb: data written, GB.
        retained_gb_months: data retained, GB-months.
    """

    operations: int
    written_gb: float
    retained_gb_months: float


def lambda_cost(
    *,
    requests: int,
    duration_ms: float,
    memory_mb: int,
    architecture: str = "x86_64",
    ephemeral_mb: int = 512,
    init_ms: float = 0,
    cold_starts: int = 0,
    free_tier: bool = True,
    region: str = "us-east-1",
    provisioned: Provisioned | None = None,
    snapstart: SnapStart | None = None,
    streamed_gb: float = 0,
    tenant_environments_gb: float = 0,
    pollers: Pollers | None = None,
    durable: Durable | None = None,
    granularity_ms: int | None = None,
) -> Bill:
    """The bill of a month.

    Args:
        requests: in the month, on demand; those on provisioned concurrency come beside them.
        duration_ms: average of a request, milliseconds; each is taken to last so long.
        memory_mb: MB.
        architecture: "x86_64" or "arm64".
        ephemeral_mb: size of /tmp, MB; 512 are free.
        init_ms: average of an Init phase, milliseconds.
        cold_starts: requests that begin with an Init phase.
        free_tier: take off the free requests and GB-seconds of each month.
        streamed_gb: what is billed of response streaming, beyond what is free, GB.
        tenant_environments_gb: memory of all environments created for single tenants, GB.
        granularity_ms: what durations are rounded up to; None for today's millisecond.

    Raises:
        LabValueError: for numbers that make no sense, and for unknown Regions and architectures.
    """
    check_region(region)
    chip, memory = arch_of(architecture), memory_gb(memory_mb)
    count = whole("requests", requests)
    longest = int(fact("timeout.max_s").value) * 1000
    duration = amount("duration_ms", duration_ms, most=longest)
    init = amount("init_ms", init_ms, most=longest)
    cold = whole("cold_starts", cold_starts)
    if cold > count:
        raise LabValueError(f"cold_starts={cold_starts!r} is more than the {requests!r} requests.")
    step = whole("granularity_ms", granularity_ms or fact("price.granularity_ms").value, least=1)
    warm_ms, cold_ms = _rounded(duration, step), _rounded(duration + init, step)
    seconds = ((count - cold) * warm_ms + cold * cold_ms) / 1000
    worked = f"{count - cold:,} × {warm_ms:,} ms" if cold < count or not cold else ""
    if cold:
        worked += f"{' + ' if worked else ''}{cold:,} × {cold_ms:,} ms with Init"
    lines = [
        requests_line(
            count + (whole("requests", provisioned.requests) if provisioned else 0), free_tier
        ),
        compute_line(seconds * memory, f"({worked}) × {_number(memory)} GB", chip, free_tier),
    ]
    if provisioned:
        provisioned_s = _provisioned_seconds(provisioned, step)
        lines += _provisioned(provisioned, provisioned_s, memory, chip)
        seconds += provisioned_s
    lines += _ephemeral(ephemeral_mb, seconds)
    lines += _snapstart(snapstart, memory) if snapstart else []
    lines += _beside(streamed_gb, tenant_environments_gb)
    lines += _pollers(pollers) if pollers else []
    lines += _durable(durable) if durable else []
    free = "with" if free_tier else "without"
    return Bill(
        tuple(lines),
        (
            f"Prices of {region} in US dollars, without tax, {free} the monthly free tier.",
            "Every request lasts as long as the average.",
        ),
    )


def billed_requests(requests: int, event_kb: float) -> int:
    """Requests that asynchronous events of a size count as.

    Args:
        event_kb: size of each event, KB.
    """
    chunks = fact("price.async_request_chunks").value
    size = amount("event_kb", event_kb, most=chunks["max_kb"])
    further = max(Decimal(0), size - chunks["first_kb"]) / chunks["each_further_kb"]
    return int(whole("requests", requests) * (1 + _rounded(further, Decimal(1))))


def requests_line(count: Decimal, free_tier: bool) -> Line:
    """The line of a month's requests."""
    free = min(count, Decimal(fact("price.free.requests").value)) if free_tier else Decimal(0)
    rate = price("price.requests")
    less = f" - {free:,} free" if free else ""
    used = ("price.requests", "price.free.requests") if free else ("price.requests",)
    formula = f"({count:,}{less}) requests × USD {rate} per million"
    return Line("requests", (count - free) * rate / MILLION, formula, used)


def compute_line(gb_s: Decimal, worked: str, chip: str, free_tier: bool) -> Line:
    """The line of a month's GB-seconds on demand.

    Args:
        worked: says where the GB-seconds come from.
        chip: "x86" or "arm".
    """
    free = min(gb_s, Decimal(fact("price.free.gbs").value)) if free_tier else Decimal(0)
    rates = f"price.gbs.{chip}"
    shares = tiered(gb_s - free, fact(rates).value, "up_to_gb_s")
    less = f" - {_number(free)} free" if free else ""
    sums = " + ".join(f"{_number(share)} × USD {_number(rate)}" for share, rate in shares) or "0"
    formula = f"{worked} = {_number(gb_s)} GB-s{less}; {sums}"
    total = sum((share * rate for share, rate in shares), Decimal(0))
    return Line("compute", total, formula, (rates, "price.free.gbs") if free else (rates,))


def _provisioned_seconds(part: Provisioned, step: Decimal) -> Decimal:
    longest = int(fact("timeout.max_s").value) * 1000
    duration = amount("duration_ms", part.duration_ms, most=longest)
    return whole("requests", part.requests) * _rounded(duration, step) / 1000


def _provisioned(part: Provisioned, seconds: Decimal, memory: Decimal, chip: str) -> list[Line]:
    concurrency = whole("concurrency", part.concurrency)
    configured = _rounded(amount("hours", part.hours) * HOUR_S, PROVISIONED_STEP_S)
    ready, running = f"price.pc.{chip}", f"price.pc_duration.{chip}"
    gb = f"{_number(memory)} GB"
    return [
        Line(
            "provisioned concurrency",
            concurrency * configured * memory * price(ready),
            f"{concurrency:,} environments × {_number(configured)} s × {gb} × "
            f"USD {_number(price(ready))}",
            (ready,),
        ),
        Line(
            "provisioned duration",
            seconds * memory * price(running),
            f"{_number(seconds)} s × {gb} × USD {_number(price(running))}; never free",
            (running,),
        ),
    ]


def _ephemeral(ephemeral_mb: object, seconds: Decimal) -> list[Line]:
    least, most = fact("storage.tmp_min_mb").value, fact("storage.tmp_max_mb").value
    more = (whole("ephemeral_mb", ephemeral_mb, least=least, most=most) - least) / 1024
    rate = price("price.ephemeral")
    formula = f"{_number(more)} GB beyond {least} MB × {_number(seconds)} s × USD {_number(rate)}"
    return (
        [Line("ephemeral storage", more * seconds * rate, formula, ("price.ephemeral",))]
        if more
        else []
    )


def _snapstart(part: SnapStart, memory: Decimal) -> list[Line]:
    asked = amount("cached_seconds", part.cached_seconds)
    least = Decimal(fact("price.snapstart.cache_least_h").value) * HOUR_S
    cached, restores = max(asked, least), whole("restores", part.restores)
    cache, restore = price("price.snapstart.cache"), price("price.snapstart.restore")
    gb = f"{_number(memory)} GB"
    return [
        Line(
            "SnapStart cache",
            cached * memory * cache,
            f"{_number(cached)} s × {gb} × USD {_number(cache)}",
            ("price.snapstart.cache", "price.snapstart.cache_least_h"),
        ),
        Line(
            "SnapStart restore",
            restores * memory * restore,
            f"{restores:,} restores × {gb} × USD {_number(restore)}",
            ("price.snapstart.restore",),
        ),
    ]


def _beside(streamed_gb: object, tenant_environments_gb: object) -> list[Line]:
    return [
        Line(name, gb * price(rate), f"{_number(gb)} GB × USD {_number(price(rate))}", (rate,))
        for name, gb, rate in (
            ("response streaming", amount("streamed_gb", streamed_gb), "price.stream"),
            (
                "tenant isolation",
                amount("tenant_environments_gb", tenant_environments_gb),
                "price.tenant_env",
            ),
        )
        if gb
    ]


def _pollers(part: Pollers) -> list[Line]:
    if part.kind not in ("kafka", "sqs"):
        raise LabValueError(f"kind={part.kind!r} is no kind of pollers: give “kafka” or “sqs”.")
    rate, hours = f"price.epu.{part.kind}", amount("hours", part.hours)
    formula = f"{_number(hours)} event-poller-unit hours × USD {_number(price(rate))}"
    return [Line("event pollers", hours * price(rate), formula, (rate,))]


def _durable(part: Durable) -> list[Line]:
    operations = whole("operations", part.operations)
    written = amount("written_gb", part.written_gb)
    retained = amount("retained_gb_months", part.retained_gb_months)
    ops, write, retain = (price(f"price.durable.{each}") for each in ("ops", "write", "retain"))
    return [
        Line(
            "durable operations",
            operations * ops / MILLION,
            f"{operations:,} × USD {ops} per million",
            ("price.durable.ops",),
        ),
        Line(
            "durable data written",
            written * write,
            f"{_number(written)} GB × USD {write}",
            ("price.durable.write",),
        ),
        Line(
            "durable data retained",
            retained * retain,
            f"{_number(retained)} GB-months × USD {retain}",
            ("price.durable.retain",),
        ),
    ]


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    """Rounded up to a multiple of the step."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def _number(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
