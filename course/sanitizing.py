"""Compares notebook outputs as the tests do: after the replacements of one sanitise file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course.outline import ROOT

SANITIZE_FILE = ROOT / "tests" / "notebooks" / "sanitize.cfg"
_PAIR = re.compile(r"^regex: (.*)$\n^replace: (.*)$", re.MULTILINE)


@cache
def patterns(path: Path = SANITIZE_FILE) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The pairs of pattern and replacement in a sanitise file, in nbval's form."""
    text = path.read_text(encoding="utf-8")
    return tuple((re.compile(regex), replacement) for regex, replacement in _PAIR.findall(text))


def sanitized(value: Any, path: Path = SANITIZE_FILE) -> Any:
    """The value with every text in it sanitised."""
    if isinstance(value, str):
        for pattern, replacement in patterns(path):
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {key: sanitized(each, path) for key, each in value.items()}
    if isinstance(value, list):
        return [sanitized(each, path) for each in value]
    return value


def same_outputs(one: NotebookNode, other: NotebookNode, path: Path = SANITIZE_FILE) -> bool:
    """Whether two executed notebooks show the same, but for what changes with every run."""
    return bool(sanitized(_outputs(one), path) == sanitized(_outputs(other), path))


def _outputs(notebook: NotebookNode) -> list[Any]:
    return [
        [cell.get("execution_count"), cell.get("outputs", [])]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
