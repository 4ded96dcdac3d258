"""The lab's record as the console shows it: the latest rows, and counts of all there were."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Literal

from labsupport.history import (
    Delivery,
    EventEnded,
    History,
    Invocation,
    Record,
    TargetDelivery,
    Throttle,
)

ROWS = 100
"""How many rows are kept, and sent at once."""
SECONDS = 60
"""How many seconds the picture of what happened goes back."""

Outcome = Literal["ok", "failed", "throttled", "given up"]
_COUNTED: dict[str, int] = {"ok": 0, "failed": 1, "throttled": 2}
_HOW = {"RequestResponse": "synchronous", "Event": "asynchronous"}


class Happenings:
    """Follows a record.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, history: History, now: Callable[[], float] = time.time) -> None:
        self._history = history
        self._now = now
        self._seen = 0
        self.rows: deque[dict[str, Any]] = deque(maxlen=ROWS)
        self.counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.totals = [0, 0, 0]
        self.activity: dict[int, list[int]] = {}
        self.dead_letters: set[str] = set()

    def follow(self) -> dict[str, Any]:
        """Take in what is new; return what of it the page hasn't: rows, left_out, activity."""
        before = self._seen
        records, self._seen = self._history.since(before)
        changed: set[int] = set()
        shown: deque[dict[str, Any]] = deque(maxlen=ROWS)
        count = 0
        for number, record in enumerate(records, self._seen - len(records)):
            if isinstance(record, Delivery | TargetDelivery):
                self._delivered(record)
            outcome = _outcome(record)
            if outcome is None:
                continue
            count += 1
            shown.append(_row(number, record, outcome))
            if outcome in _COUNTED and isinstance(record, Invocation | Throttle):
                place = _COUNTED[outcome]
                self.counts[record.function_arn][place] += 1
                self.totals[place] += 1
                second = math.floor(_ended(record))
                self.activity.setdefault(second, [0, 0, 0])[place] += 1
                changed.add(second)
        self.rows.extend(shown)
        oldest = self._now() - SECONDS
        self.activity = {second: n for second, n in self.activity.items() if second > oldest}
        return {
            "rows": list(shown),
            "left_out": count - len(shown),
            "activity": {str(s): self.activity[s] for s in changed if s in self.activity},
        }

    def counted(self, arn: str) -> list[int]:
        """A function's invocations that went well, that failed, and throttles."""
        return list(self.counts[arn]) if arn in self.counts else [0, 0, 0]

    def _delivered(self, record: Delivery | TargetDelivery) -> None:
        if isinstance(record, TargetDelivery):
            arn = record.dead_letters
        else:
            arn = "" if record.kind == "OnSuccess" else record.target
        if ":sqs:" in arn:
            self.dead_letters.add(arn)


def _outcome(record: Record) -> Outcome | None:
    if isinstance(record, Invocation):
        return "failed" if record.function_error else "ok"
    if isinstance(record, Throttle):
        return "throttled"
    if isinstance(record, EventEnded) and record.condition != "Success":
        return "given up"
    return None


def _ended(record: Invocation | Throttle) -> float:
    if isinstance(record, Throttle):
        return record.real_at
    return record.real_started + ((record.init_ms or 0) + record.duration_ms) / 1000


def _row(number: int, record: Any, outcome: Outcome) -> dict[str, Any]:
    at = record.started if isinstance(record, Invocation) else record.at
    row = {
        "n": number,
        "at": f"{at:%H:%M:%S}",
        "arn": record.function_arn,
        "name": record.function_arn.split(":")[6],
        "outcome": outcome,
        "id": record.request_id,
    }
    if isinstance(record, EventEnded):
        tries = f"{record.attempts} attempt{'' if record.attempts == 1 else 's'}"
        return row | {"detail": f"{record.condition} after {tries}"}
    row |= {"how": _how(record), "caller": _caller(record.caller)}
    if isinstance(record, Throttle):
        return row | {"detail": record.reason}
    return row | {
        "detail": record.error_type or ("" if outcome == "ok" else record.status),
        "cold": record.init_ms is not None,
        "ms": round(record.duration_ms, 2),
        "mb": record.max_memory_mb,
    }


def _how(record: Invocation | Throttle) -> str:
    attempt = getattr(record, "attempt", 1)
    how = _HOW.get(record.invocation_type, record.invocation_type)
    return how if attempt == 1 else f"{how}, attempt {attempt}"


def _caller(caller: str) -> str:
    """The service and the name of who called, "" for the lab's own key."""
    if not caller.startswith("arn:"):
        return "" if caller == "api" else caller
    parts = caller.split(":", 5)
    return f"{parts[2]} {parts[5].rpartition('/')[2].rpartition(':')[2]}"
