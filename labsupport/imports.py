"""Changes to moto's modules that wait until the module is there.

Some of moto's services take long to import, and most labs never use them.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType

_waiting: dict[str, list[Callable[[ModuleType], object]]] = {}
_lock = threading.RLock()


def when_imported(name: str, change: Callable[[ModuleType], object]) -> None:
    """Call `change` with a module as soon as it is imported: now, if it is already."""
    with _lock:
        if (module := sys.modules.get(name)) is None:
            _waiting.setdefault(name, []).append(change)
            if _FINDER not in sys.meta_path:
                sys.meta_path.insert(0, _FINDER)
            return
    change(module)


def no_longer(change: Callable[[ModuleType], object]) -> None:
    """Forget a change that still waits for its module."""
    with _lock:
        for name, changes in list(_waiting.items()):
            _waiting[name] = [other for other in changes if other != change]
            if not _waiting[name]:
                del _waiting[name]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds a module that is waited for as Python would; the changes follow its execution."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _waiting:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            with _lock:
                changes = _waiting.pop(name, [])
            for change in changes:
                change(module)

        spec.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return spec


_FINDER = _Finder()
