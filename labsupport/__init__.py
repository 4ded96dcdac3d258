"""What makes a lab live: a cloud on this machine, its clock, and everything it records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labsupport.errors import LabError as LabError
    from labsupport.lab import Lab as Lab
    from labsupport.power_tuning import power_tune as power_tune

__all__ = ["Lab", "LabError", "power_tune"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: an execution environment imports a part of this package in every
    # cold start and needs none of the lab.
    if name == "Lab":
        from labsupport.lab import Lab

        return Lab
    if name == "LabError":
        from labsupport.errors import LabError

        return LabError
    if name == "power_tune":
        from labsupport.power_tuning import power_tune

        return power_tune
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
