"""The filters of an event source mapping, and how they see its records.

docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html, with-sqs-filtering.html,
with-kinesis-filtering.html, with-ddb-filtering.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .filtering import PatternError, check_pattern, matches
from .pattern_grammar import is_or

_NOT_IN_LAMBDA = frozenset({"wildcard", "cidr"})
_DATA_KEYS = {"sqs": "body", "kinesis": "data"}


class RecordFilter:
    """Lets a record through that satisfies one of the patterns, or any where there is none.

    Where a pattern says something of the body (SQS) or the data (Kinesis), a rule for JSON drops
    what isn't JSON, and a rule for plain text drops what is. Only objects and lists count as JSON
    here, as AWS's documentation doesn't say what a lone number or text would be.

    Args:
        patterns: as JSON texts.
        service: "sqs", "kinesis" or "dynamodb".

    Raises:
        PatternError: for a pattern that isn't one.
    """

    def __init__(self, patterns: Iterable[str], service: str) -> None:
        self._key = _DATA_KEYS.get(service, "")
        self._patterns = [parts for text in patterns for parts in _alternatives(_read(text))]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def accepts(self, record: Mapping[str, Any]) -> bool:
        """Whether the function is to get a record, given as it would be in its event."""
        if not self._patterns:
            return True
        view = {**record, **record.get("kinesis", {})}
        text = _text(view[self._key], encoded=self._key == "data") if self._key else None
        data = _json(text)
        return any(
            all(self._accepts(pattern, view, text, data) for pattern in parts)
            for parts in self._patterns
        )

    def _accepts(
        self, pattern: Mapping[str, Any], view: dict[str, Any], text: str | None, data: Any
    ) -> bool:
        if self._key in pattern:
            wants_json = isinstance(pattern[self._key], Mapping)
            if wants_json != (data is not None) or (not wants_json and text is None):
                return False
            view = {**view, self._key: data if wants_json else text}
        return matches(pattern, view)


def _read(text: str) -> Mapping[str, Any]:
    try:
        pattern = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PatternError(str(error)) from None
    try:
        check_pattern(pattern, without=_NOT_IN_LAMBDA, plain_anything_but=True)
    except RecursionError as error:
        raise PatternError(str(error)) from None
    return dict(pattern)


def _alternatives(pattern: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    """Patterns without $or on their first level that must all match, for each alternative."""
    rules = pattern.get("$or")
    if not is_or("$or", rules):
        yield [pattern]
        return
    rest = {name: rule for name, rule in pattern.items() if name != "$or"}
    for alternative in rules or ():
        for parts in _alternatives(alternative):
            yield [*parts, rest] if rest else parts


def _text(value: str, *, encoded: bool) -> str | None:
    if not encoded:
        return value
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _json(text: str | None) -> Any:
    """What a JSON text means, None for any other text."""
    try:
        data = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict | list) else None
