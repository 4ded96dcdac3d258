"""The pip of the environment a notebook runs in, for lessons that install into folders."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from course.problem import Problem

_DEBIANS = Path("/usr/share/python-wheels")


def pip_command() -> str:
    """What to type in a shell for pip: this environment's own, the one Python carries, or uv's.

    An environment made by uv has no pip of its own. Raises Problem where there is none at all.
    """
    if importlib.util.find_spec("pip"):
        return f'"{sys.executable}" -m pip'
    for wheel in sorted(_carried()):
        return f'"{sys.executable}" "{wheel / "pip"}"'
    if uv := shutil.which("uv"):
        return f'"{uv}" pip'
    raise Problem("There is no pip here: python -m ensurepip installs it.")


def _carried() -> Iterator[Path]:
    """The wheels of pip that came with Python."""
    found = importlib.util.find_spec("ensurepip")
    places = (found.submodule_search_locations or []) if found else []
    folders = [Path(each) / "_bundled" for each in places]
    for folder in [*folders, _DEBIANS]:
        yield from folder.glob("pip-*.whl")
