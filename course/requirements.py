"""Read a ``requirements.lock`` and ask whether an environment already holds what it names."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAB_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "tests" / "requirements.lock"


def digest(lock: Path) -> str:
    """Return what tells one state of a lock file from another."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def pins(lock: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the name, version and environment marker ("" if none) of each requirement."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", " ")):
            requirement, _, marker = line.rstrip("\\ ").partition(";")
            name, _, version = requirement.partition("==")
            yield name.strip(), version.strip(), marker.strip()


def count(lock: Path) -> int:
    """Return about how many packages the lock installs; some are for one system only."""
    return len({name for name, _, _ in pins(lock)})


def satisfied(lock: Path) -> bool:
    """Tell whether the running interpreter has every package of the lock, at its version."""
    try:
        from packaging.markers import Marker
    except ImportError:
        return False
    try:
        return all(
            importlib.metadata.version(name) == version
            for name, version, marker in pins(lock)
            if not marker or Marker(marker).evaluate()
        )
    except importlib.metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(not satisfied(Path(sys.argv[1])))
