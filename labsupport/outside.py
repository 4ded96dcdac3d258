"""The error botocore raises when a call would leave the lab."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError

from labsupport.errors import LabError


class OutsideTheLab(LabError, BotoCoreError):  # type: ignore[misc]
    """A call that would leave the lab was refused before anything was sent."""

    fmt = "{message}"

    def __init__(self, message: str) -> None:
        BotoCoreError.__init__(self, message=message)
