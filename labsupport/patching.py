"""Changes to moto that can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

from labsupport.imports import no_longer, when_imported


class Patches:
    """What was put in moto's place, until `remove`."""

    def __init__(self) -> None:
        self._undo = ExitStack()

    def when_imported(self, module: str, change: Callable[[ModuleType], object]) -> None:
        """Call `change` as soon as moto's module is there."""
        self._undo.callback(no_longer, change)
        when_imported(module, change)

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Put something of ours in the place of something of moto's."""
        before = vars(owner).get(name, getattr(owner, name))  # as it is, were it a staticmethod
        self._undo.callback(setattr, owner, name, before)
        setattr(owner, name, value)

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Give something of moto's what it lacks."""
        self._undo.callback(delattr, owner, name)
        setattr(owner, name, value)

    def wrap(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        """Put a function in the place of one of moto's, which it gets as its first argument."""
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        self.replace(owner, name, wrapped)

    def after(self, owner: Any, name: str, function: Callable[..., object]) -> None:
        """Call a function with the same arguments whenever one of moto's has succeeded."""

        def both(original: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            function(*args, **kwargs)
            return result

        self.wrap(owner, name, both)

    def remove(self) -> None:
        """Leave moto as it was. Twice does no harm."""
        self._undo.close()
