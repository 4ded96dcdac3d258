"""Where should it run: answers about a piece of work, and which compute of AWS they speak for.

A rule of thumb and no oracle: each answer speaks for a way or against it, or rules it out, and says
why. Among ways that fit equally well, the one that leaves you less to look after comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labsupport.errors import LabValueError
from labsupport.facts import fact, spell

from .controls import Choice
from .explorer import Answer, Explorer

LAMBDA, MANAGED, CONTAINERS, EC2 = (
    "Lambda, on demand",
    "Lambda Managed Instances",
    "containers on Amazon ECS",
    "virtual machines on Amazon EC2",
)
WAYS = (LAMBDA, MANAGED, CONTAINERS, EC2)
"""What leaves you the least to look after comes first."""

FOR, MIND, AGAINST, OUT = 1, 0, -2, None
"""The weights of reasons; what is ruled out is out, whatever else speaks for it."""
_WORDS = {FOR: "for", MIND: "mind", AGAINST: "against", OUT: "rules it out"}


@dataclass(frozen=True)
class _Reason:
    """What an answer means for a way: how much it weighs, and a clause that says why."""

    way: str
    weight: int | None
    why: str


@dataclass(frozen=True)
class _Question:
    label: str
    answers: Mapping[str, str]
    reasons: Callable[[str], tuple[_Reason, ...]]


def _takes(answer: str) -> tuple[_Reason, ...]:
    longest, managed = spell(fact("timeout.max_s")), spell(fact("timeout.lmi_max_s"))
    too_long = _Reason(LAMBDA, OUT, f"an invocation lasts at most {longest}")
    unlimited = tuple(
        _Reason(way, FOR, "it may run as long as it likes") for way in (CONTAINERS, EC2)
    )
    waiting = tuple(
        _Reason(way, AGAINST, "it is paid for while it waits") for way in (MANAGED, CONTAINERS, EC2)
    )
    match answer:
        case "short":
            fits = f"it fits into one invocation of at most {longest}"
            return (_Reason(LAMBDA, FOR, fits), _Reason(MANAGED, FOR, fits))
        case "longer":
            some = f"up to {managed}, but not for a caller who waits for the answer"
            return (too_long, _Reason(MANAGED, MIND, some), *unlimited)
        case "hours":
            even = f"an invocation lasts at most {managed} even there"
            return (too_long, _Reason(MANAGED, OUT, even), *unlimited)
    durable = "a durable function or Step Functions keeps the state while nothing runs"
    return (_Reason(LAMBDA, FOR, durable), *waiting)


def _load(answer: str) -> tuple[_Reason, ...]:
    match answer:
        case "rare":
            idle = "it is paid for while nobody asks"
            job = "a service is paid for while nobody asks, a task started for each job is not"
            return (
                _Reason(LAMBDA, FOR, "it costs nothing while nobody asks"),
                _Reason(MANAGED, AGAINST, idle),
                _Reason(CONTAINERS, MIND, job),
                _Reason(EC2, AGAINST, idle),
            )
        case "changing":
            at_once = spell(fact("conc.default"))
            return (
                _Reason(LAMBDA, FOR, f"it follows the load by itself, up to the quota ({at_once})"),
                _Reason(MANAGED, MIND, "Lambda adds and removes machines, you pay for them"),
                _Reason(CONTAINERS, MIND, "it follows the load by rules that you set"),
                _Reason(EC2, AGAINST, "you pay for the peak, or keep rules for scaling yourself"),
            )
    return (
        _Reason(LAMBDA, AGAINST, "for an hour that is busy a function costs more than a machine"),
        _Reason(MANAGED, FOR, "it is made for steady load, at the price of machines plus a fee"),
        _Reason(CONTAINERS, FOR, "what is always busy is never paid for in vain"),
        _Reason(EC2, FOR, "what is always busy is never paid for in vain"),
    )


def _waits(answer: str) -> tuple[_Reason, ...]:
    ready = tuple(
        _Reason(way, FOR, "the process that answers is already there")
        for way in (MANAGED, CONTAINERS, EC2)
    )
    match answer:
        case "nobody":
            return (_Reason(LAMBDA, FOR, "nobody notices a cold start"),)
        case "second":
            cold, share = spell(fact("coldstart.duration")), fact("coldstart.share").value
            often = f"a cold start takes {cold}, in {share} of invocations as AWS reports it"
            return (_Reason(LAMBDA, MIND, often),)
        case "fast":
            promise = spell(fact("conc.provisioned_latency"))
            need = f"it needs provisioned concurrency ({promise} by design), paid for when idle too"
            return (_Reason(LAMBDA, AGAINST, need), *ready)
    far = "no network service answers so fast; keep that part next to its caller"
    return (
        _Reason(LAMBDA, OUT, far),
        _Reason(MANAGED, OUT, far),
        _Reason(CONTAINERS, OUT, far),
        _Reason(EC2, MIND, "possible where caller and program share a machine"),
    )


def _keeps(answer: str) -> tuple[_Reason, ...]:
    if answer == "nothing":
        return ()
    gone = "an environment may be gone after any invocation"
    return (
        _Reason(LAMBDA, OUT, gone),
        _Reason(MANAGED, OUT, gone),
        _Reason(CONTAINERS, MIND, "a process keeps them until you replace it"),
        _Reason(EC2, FOR, "a process keeps them for as long as you let it"),
    )


def _needs(answer: str) -> tuple[_Reason, ...]:
    match answer:
        case "usual":
            return ()
        case "gpu":
            return (
                _Reason(LAMBDA, OUT, "it has no GPU"),
                _Reason(MANAGED, MIND, f"only with: {spell(fact('gpu.conditions'))}"),
                _Reason(CONTAINERS, MIND, "on machines with a GPU that you choose"),
                _Reason(EC2, FOR, "there are machines with a GPU"),
            )
        case "system":
            return (
                _Reason(LAMBDA, OUT, "you cannot log in or change the operating system"),
                _Reason(MANAGED, OUT, "Lambda manages the machines and their system"),
                _Reason(CONTAINERS, AGAINST, "an image brings programs, but no kernel of its own"),
                _Reason(EC2, FOR, "the whole operating system is yours"),
            )
    room = spell(fact("storage.tmp_max_mb"))
    mounts = " or ".join(fact("storage.mounts").value)
    return (
        _Reason(LAMBDA, AGAINST, f"/tmp ends at {room}; beyond it you mount {mounts}"),
        _Reason(EC2, FOR, "disks of any size can be attached"),
    )


def _questions() -> dict[str, _Question]:
    minutes, ninety = (fact(f"timeout.{each}max_s").value // 60 for each in ("", "lmi_"))
    gigabytes = fact("storage.tmp_max_mb").value // 1024
    return {
        "takes": _Question(
            "One piece of work takes",
            {
                "short": f"less than {minutes} minutes",
                "longer": f"{minutes} to {ninety} minutes",
                "hours": "hours of work at a stretch",
                "waits": "days, nearly all of them waiting",
            },
            _takes,
        ),
        "load": _Question(
            "It is asked for",
            {
                "rare": "rarely, or nobody knows how often",
                "changing": "much more at some hours than at others",
                "steady": "all the time, day and night",
            },
            _load,
        ),
        "waits": _Question(
            "Who waits for it",
            {
                "nobody": "nobody, it runs in the background",
                "second": "somebody, and a second now and then is fine",
                "fast": "somebody, always tens of milliseconds",
                "instant": "somebody, less than a millisecond",
            },
            _waits,
        ),
        "keeps": _Question(
            "Between requests it keeps",
            {
                "nothing": "nothing, or everything in a database",
                "sessions": "sessions or open connections",
            },
            _keeps,
        ),
        "needs": _Question(
            "It needs",
            {
                "usual": "an ordinary computer",
                "gpu": "a GPU",
                "system": "an operating system of its own",
                "disk": f"more than {gigabytes} GB of local files",
            },
            _needs,
        ),
    }


def compute_chooser(
    *,
    takes: str = "short",
    load: str = "changing",
    waits: str = "second",
    keeps: str = "nothing",
    needs: str = "usual",
) -> Explorer:
    """A panel that asks about a piece of work and says where it might run, and why.

    Args:
        takes: one piece of it: "short", "longer", "hours", or "waits" for mostly waiting.
        load: "rare", "changing" or "steady".
        waits: who waits for the answer: "nobody", "second", "fast" or "instant".
        keeps: between requests: "nothing" or "sessions".
        needs: "usual", "gpu", "system" or "disk".

    Raises:
        LabValueError: for an answer that is not among these.
    """
    questions = _questions()
    return Explorer(
        "Where should it run?",
        [Choice(name, each.label, each.answers) for name, each in questions.items()],
        {"takes": takes, "load": load, "waits": waits, "keeps": keeps, "needs": needs},
        _answer,
    )


def _answer(**answers: object) -> Answer:
    reasons: list[_Reason] = []
    for name, question in _questions().items():
        given = answers[name]
        if not isinstance(given, str) or given not in question.answers:
            known = ", ".join(question.answers)
            raise LabValueError(f"{name}={given!r} is unknown: give {known}.")
        reasons += question.reasons(given)
    found = {way: [each for each in reasons if each.way == way] for way in WAYS}
    order = sorted(WAYS, key=lambda way: _rank(found[way]), reverse=True)
    best, *others = (f"{way} ({_verdict(found[way])})" for way in order)
    return Answer(
        f"First choice: {best}. Then {', '.join(others)}.",
        "",
        ("way", "speaks", "because"),
        [(way, _WORDS[each.weight], each.why) for way in order for each in _decisive(found[way])],
        (
            "What already runs, what the people around you know, and what it costs count as well.",
            "Parts of one system may run in different ways.",
        ),
    )


def _rank(reasons: list[_Reason]) -> tuple[bool, bool, int]:
    weights = [each.weight for each in reasons]
    return OUT not in weights, AGAINST not in weights, sum(weight or 0 for weight in weights)


def _verdict(reasons: list[_Reason]) -> str:
    weights = [each.weight for each in reasons]
    if OUT in weights:
        return "does not fit"
    if AGAINST in weights:
        return "fits badly"
    return "fits, with care" if MIND in weights else "fits"


def _decisive(reasons: list[_Reason]) -> list[_Reason]:
    """Those that rule the way out where there are any, else all."""
    return [each for each in reasons if each.weight is OUT] or reasons
