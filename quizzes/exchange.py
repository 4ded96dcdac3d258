"""The JSON file that carries progress from one computer to another."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from quizzes.attempts import Attempt, ProgressError

FORMAT = "cold-start progress"
VERSION = 2
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "uuid": str,
    "kind": str,
    "item_id": str,
    "answer": object,
    "outcome": str,
    "score": (int, float),
    "at": str,
}
_NEWER_FIELDS: dict[str, type] = {"mode": str, "details": dict, "sequence": str}  # from version 2


def to_text(attempts: Sequence[Attempt]) -> str:
    """Write attempts as the text of such a file."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "attempts": [asdict(attempt) for attempt in attempts],
    }
    return json.dumps(content, indent=1, default=str)


def write_file(path: Path, attempts: Sequence[Attempt]) -> None:
    """Write attempts to `path`, whole or not at all; raise `ProgressError`."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(to_text(attempts))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise ProgressError(
            f"Progress could not be written to {path} ({error.strerror}); name another file."
        ) from None


def read_file(path: Path) -> list[Attempt]:
    """Read the attempts in `path`; raise `ProgressError` for what is not an export."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}); check its name."
        raise ProgressError(message) from None
    except ValueError:
        text = ""
    return from_text(text, str(path))


def from_text(text: str, path: str) -> list[Attempt]:
    """Read attempts from the text of a file called `path`; raise `ProgressError` as `read_file`."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ProgressError(
            f"{path} is not a progress file of this course; choose an exported one."
        )
    version = content.get("version")
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ProgressError(
            f"{path} has version {version} and this course reads versions up to {VERSION}; "
            "update the course, then import it again."
        )
    attempts = content.get("attempts")
    expected = _FIELDS | (_NEWER_FIELDS if version > 1 else {})
    if not isinstance(attempts, list) or not all(_is_attempt(each, expected) for each in attempts):
        raise ProgressError(f"{path} is incomplete or was changed by hand; export it once more.")
    return [_attempt({name: each[name] for name in expected}) for each in attempts]


def _is_attempt(value: Any, expected: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict) or not all(
        name in value and isinstance(value[name], kind) for name, kind in expected.items()
    ):
        return False
    times = [value["at"], value.get("sequence", value["at"])]
    try:
        aware = all(datetime.fromisoformat(each).utcoffset() is not None for each in times)
    except ValueError:
        return False
    return aware and 0 <= value["score"] <= 1


def _attempt(values: dict[str, Any]) -> Attempt:
    for name in ("at", "sequence"):
        moment = datetime.fromisoformat(values.get(name, values["at"]))
        values[name] = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return Attempt(**values)
