"""The JSON file that carries progress from one computer to another."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from quizzes.attempts import Attempt, ProgressError

FORMAT = "cold-start progress"
VERSION = 1
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "uuid": str,
    "kind": str,
    "item_id": str,
    "answer": object,
    "outcome": str,
    "score": (int, float),
    "at": str,
}


def write_file(path: Path, attempts: Sequence[Attempt]) -> None:
    """Write attempts to `path`, whole or not at all; raise `ProgressError`."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "attempts": [asdict(attempt) for attempt in attempts],
    }
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=1, default=str)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ProgressError(
            f"Progress could not be written to {path} ({error.strerror}); name another file."
        ) from None


def read_file(path: Path) -> list[Attempt]:
    """Read the attempts in `path`; raise `ProgressError` for what is not an export."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}); check its name."
        raise ProgressError(message) from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ProgressError(
            f"{path} is not a progress file of this course; choose an exported one."
        )
    version = content.get("version")
    if version != VERSION:
        raise ProgressError(
            f"{path} has version {version} and this course reads version {VERSION}; "
            "update the course, then import it again."
        )
    attempts = content.get("attempts")
    if not isinstance(attempts, list) or not all(map(_is_attempt, attempts)):
        raise ProgressError(f"{path} is incomplete or was changed by hand; export it once more.")
    return [Attempt(**{name: each[name] for name in _FIELDS}) for each in attempts]


def _is_attempt(value: Any) -> bool:
    if not isinstance(value, dict) or not all(
        name in value and isinstance(value[name], kind) for name, kind in _FIELDS.items()
    ):
        return False
    try:
        moment = datetime.fromisoformat(value["at"])
    except ValueError:
        return False
    return moment.utcoffset() is not None and 0 <= value["score"] <= 1
