"""What a function that may report the failed items of a batch has answered.

docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html and
services-kinesis-batchfailurereporting.html: nothing named is a success of all; an answer that isn't
understood, or that names an item which isn't in the batch, is a failure of all.
"""

from __future__ import annotations

import json
from collections.abc import Collection


def failed_items(payload: bytes, items: Collection[str]) -> list[str] | None:
    """The identifiers of the items that failed; None where the whole batch did.

    Args:
        payload: the function's response.
        items: identifiers of the batch: message ids or sequence numbers.
    """
    try:
        answer = json.loads(payload)
    except ValueError:
        return None
    if not answer:
        return []
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures")
    if not failures:
        return []
    if not isinstance(failures, list):
        return None
    found = [entry.get("itemIdentifier") if isinstance(entry, dict) else None for entry in failures]
    return [str(item) for item in found] if all(item in items for item in found) else None
