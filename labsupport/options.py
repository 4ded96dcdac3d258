"""What a lab may be started with: each option checked, and refused in one sentence."""

from __future__ import annotations

import math
import os
import re
from numbers import Real

from labsupport.errors import LabValueError


def checked_speed(speed: object) -> float:
    """Return `speed` as a float, or raise `LabValueError` when time could not run at it."""
    if isinstance(speed, Real) and not isinstance(speed, bool):
        number = float(speed)
        if math.isfinite(number) and number > 0:
            return number
    raise LabValueError(
        f"The lab clock cannot run at speed {speed!r}: give a number above 0, "
        "such as 60 for a minute in a second."
    )


def checked_port(port: object) -> int:
    """Return `port`, or raise `LabValueError` when no server could listen there."""
    if isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= 65535:
        return port
    raise LabValueError(
        f"{port!r} is not a port: give a number from 1 to 65535, or 0 for any free port."
    )


def checked_limit(limit: object, what: str) -> int | None:
    """Return `limit`, or raise `LabValueError` where it is neither None nor a count."""
    if limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit > 0):
        return limit
    raise LabValueError(f"{limit!r} is no {what}: give a number from 1 on.")


def checked_cpu_share(share: object) -> str | None:
    """Return `share`, or raise `LabValueError` where it is none or can't be held here."""
    if share is not None and share != "aws":
        raise LabValueError(f"{share!r} is no CPU share: give “aws”, or None for full speed.")
    if share is not None and not hasattr(os, "fork"):
        raise LabValueError(
            "This system can't stop and continue a process as the CPU share “aws” needs: use None."
        )
    return None if share is None else "aws"


def checked_region(region: object) -> str:
    """Return `region`, or raise `LabValueError` where no Region could have that name."""
    if isinstance(region, str) and re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
        return region
    raise LabValueError(
        f"{region!r} is not the name of an AWS Region: give one such as “us-east-1”."
    )
