"""The entries of PutEvents: which become events, and why the others don't.

docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact

_REQUIRED = ("Source", "DetailType", "Detail")


def put_entries(
    region: str, entries: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[list[dict[str, str]], list[tuple[str, dict[str, Any]]]]:
    """What PutEvents answers for each entry, and the buses and events that came of them."""
    answers: list[dict[str, str]] = []
    accepted: list[tuple[str, dict[str, Any]]] = []
    for entry in entries:
        if fault := _fault(entry):
            answers.append({"ErrorCode": fault[0], "ErrorMessage": fault[1]})
            continue
        time = _moment(entry.get("Time"), now)
        event = new_event(
            region, entry["Source"], entry["DetailType"], json.loads(entry["Detail"]), time
        )
        event["resources"] = list(entry.get("Resources") or [])
        answers.append({"EventId": event["id"]})
        bus = (entry.get("EventBusName") or "default").rpartition("/")[2]
        accepted.append((bus, event))
    return answers, accepted


def new_event(
    region: str, source: str, detail_type: str, detail: Mapping[str, Any], at: datetime
) -> dict[str, Any]:
    """An event as rules see it, with no resources yet."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT_ID,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [],
        "detail": dict(detail),
    }


def size_of(entry: Mapping[str, Any]) -> int:
    """The size of an entry in bytes, as AWS counts it (eb-putevent-size.html)."""
    texts = [entry.get(name) or "" for name in _REQUIRED]
    texts += entry.get("Resources") or []
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") else 0)


def _fault(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in _REQUIRED:
        if not entry.get(name):
            reason = f"Reason: {name} is a required argument."
            return "InvalidArgument", f"Parameter {name} is not valid. {reason}"
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    if size_of(entry) > int(fact("payload.eventbridge_mb").value) * 1024 * 1024:
        return "InvalidArgument", "Total size of the entry is over the limit."
    return None


def _moment(given: Any, now: datetime) -> datetime:
    """The time of an event: a number of seconds, or text, as clients send it."""
    if given is None or given == "":
        return now
    try:
        return datetime.fromtimestamp(float(given), UTC)
    except ValueError:
        return datetime.fromisoformat(str(given)).astimezone(UTC)
