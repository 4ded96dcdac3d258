"""Published versions with SnapStart: their snapshot is taken, their state shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..api.names import FunctionName
from ..model import FunctionVersion
from .configuration import PENDING
from .lookup import version_of
from .settings import set_settings, settings_of
from .store import find


def take_if_wanted(version: Any, take: Callable[[FunctionVersion], None]) -> None:
    """Have the snapshot of a version taken that waits for it to become active.

    docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html
    """
    if settings_of(version).state == PENDING:
        take(version_of(version))


def show_state(function: FunctionVersion, state: Mapping[str, str]) -> None:
    """Show the state of a version, unless it has been deleted."""
    version = find(FunctionName(function.region, function.name, function.version))
    if version is not None:
        set_settings(version, replace(settings_of(version), state=state))
