"""What can go wrong while setting up, each said in one sentence with what to do about it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from course.installing import Failed
from course.problem import Problem

NEEDED = 1_200_000_000  # bytes free before the packages are installed
NEEDED_TO_UPDATE = 300_000_000
NEEDED_TEMPORARILY = 400_000_000  # bytes free where temporary files are kept

AGAIN = "and run the same command again."
DISK_FULL = f"The disk filled up while packages were being installed: make room {AGAIN}"
KNOWN = (
    (
        ("ensurepip is not available", "No module named venv", "No module named ensurepip"),
        "This Python lacks the venv module that makes the course's environment: on Debian and "
        "Ubuntu run `sudo apt install python3-venv`, then the same command again.",
    ),
    (
        (
            "No space left on device",
            "not enough space on the disk",
            "os error 28)",
            "os error 112)",
            "Disk quota exceeded",
            "os error 122)",
        ),
        DISK_FULL,
    ),
    (
        ("DO NOT MATCH THE HASHES", "Hash mismatch"),
        "A downloaded package is not the one the course's lock file names, so nothing of it was "
        "used: try another network or package mirror, with nothing in between that changes files.",
    ),
    (
        (
            "NewConnectionError",
            "Failed to establish a new connection",
            "Temporary failure in name resolution",
            "Max retries exceeded",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "ProxyError",
            "error sending request",
            "client error (Connect)",
            "dns error",
            "operation timed out",
        ),
        "The course's packages could not be downloaded because the package index did not answer: "
        f"check the network connection (and proxy, if you use one) {AGAIN}",
    ),
    (
        ("Read-only file system", "Permission denied", "Access is denied"),
        "The packages could not be written: give yourself write access to this folder and to the "
        f"folder for temporary files {AGAIN}",
    ),
    (
        ("Failed to build", "Failed building wheel", "metadata-generation-failed"),
        "A package has no ready-made build for Python "
        f"{sys.version_info[0]}.{sys.version_info[1]} on this system and could not be built from "
        "source: use a Python from 3.11 to 3.15 from https://www.python.org/downloads/ instead.",
    ),
)


def explanation(output: str) -> str | None:
    """Return the sentence for an installer's output, None for what is not known."""
    text = " ".join(output.lower().split())
    for signs, sentence in KNOWN:
        if any(sign.lower() in text for sign in signs):
            return sentence
    return None


def is_known(output: str) -> bool:
    """Tell whether another installer would meet the same trouble."""
    return explanation(output) is not None


def check_space(folder: Path, updating: bool) -> None:
    """Raise Problem when a disk has no room for the packages."""
    needs = {folder: NEEDED_TO_UPDATE if updating else NEEDED}
    temporary = Path(tempfile.gettempdir())
    if temporary.stat().st_dev != folder.stat().st_dev:
        needs[temporary] = NEEDED_TEMPORARILY
    for place, needed in needs.items():
        free = shutil.disk_usage(place).free
        if free < needed:
            raise Problem(
                f"The disk is too full: the course's packages need {needed / 1e9:.1f} GB in "
                f"{place} and only {free / 1e9:.1f} GB are free; make room {AGAIN}"
            )


@contextlib.contextmanager
def explained(folder: Path, log: Path) -> Iterator[None]:
    """Turn the failures of an installation in a folder into Problems."""
    try:
        yield
    except Failed as failure:
        sentence = explanation(failure.output)
        if sentence is None:
            last = failure.output.strip().splitlines() or ["it said nothing"]
            sentence = (
                f"The course's packages could not be installed ({last[-1].strip()}): the whole "
                f"story is in {log}; mend what it names {AGAIN}"
            )
        raise Problem(sentence) from failure
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem(DISK_FULL) from error
        name = os.fspath(error.filename) if error.filename else folder
        raise Problem(
            f"The course cannot be set up because {name} cannot be written "
            f"({error.strerror}): give yourself write access, or clone the course into a folder "
            f"of your own, {AGAIN}"
        ) from error
