"""Compares an answer with a recorded one whose varying parts are placeholders.

Equal placeholders stand for equal values, within one recording.
"""

from __future__ import annotations

import re
from typing import Any

WORDS = {"date", "datetime", "timestamp", "sent-timestamp", "sender-id", "code-sha256"}
ANY_MOMENT = "<timestamp:2022-"  # what every moment of some recordings was replaced by
WORDS |= {"amz-id", "amz-request-id", "sequencer"}
FIXED = {"111111111111": "123456789012", "<partition>": "aws", "<region>": "us-east-1"}
_PLACEHOLDER = re.compile(r"<(\d+) x>|<([a-z0-9_:.-]+)>|(?<![\w-])(date)(?![\w-])")


def differences(expected: Any, actual: Any, path: str = "answer") -> list[str]:
    """Where the answer is not what was recorded, in words; empty where it is."""
    return _compare(expected, actual, path, {})


def _compare(expected: Any, actual: Any, path: str, seen: dict[str, str]) -> list[str]:
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{path}: {actual!r} is not an object"]
        missing = [f"{path}.{key} is missing" for key in expected if key not in actual]
        return missing + [
            line
            for key in expected
            if key in actual
            for line in _compare(expected[key], actual[key], f"{path}.{key}", seen)
        ]
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return [f"{path}: {actual!r} is not like {expected!r}"]
        return [
            line
            for index, (one, other) in enumerate(zip(expected, actual, strict=True))
            for line in _compare(one, other, f"{path}[{index}]", seen)
        ]
    if isinstance(expected, str):
        return (
            [] if _same_text(expected, actual, seen) else [f"{path}: {actual!r}, not {expected!r}"]
        )
    return [] if expected == actual else [f"{path}: {actual!r}, not {expected!r}"]


def _same_text(expected: str, actual: Any, seen: dict[str, str]) -> bool:
    if expected.startswith(ANY_MOMENT):
        return True
    if expected in WORDS or re.fullmatch(r"<[^<>]+>", expected):
        return seen.setdefault(expected, str(actual)) == str(actual) or ":" not in expected
    for placeholder, value in FIXED.items():
        expected = expected.replace(placeholder, value)
    pattern, end, names = "", 0, {}
    for found in _PLACEHOLDER.finditer(expected):
        pattern += re.escape(expected[end : found.start()])
        end = found.end()
        if found[1]:
            pattern += f".{{{found[1]}}}"
            continue
        group = f"p{len(names)}"
        names[group] = found[0]
        pattern += f"(?P<{group}>.+?)"
    match = re.fullmatch(pattern + re.escape(expected[end:]), str(actual), re.DOTALL)
    if match is None:
        return False
    return all(
        seen.setdefault(placeholder, match[group]) == match[group]
        for group, placeholder in names.items()
        if ":" in placeholder
    )
