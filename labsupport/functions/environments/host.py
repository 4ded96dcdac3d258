"""What execution environments need from the lab around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.history import Phase

from ..model import FunctionVersion
from ..processes.cpu_share import CpuShare
from ..processes.spawning import Processes
from ..telemetry.logs import LogEvents
from .packages import PackageStore

if TYPE_CHECKING:
    from .snapshots import Snapshot


@dataclass(frozen=True)
class Host:
    """What environments need from the lab around them.

    Args:
        workspace: a folder for the environments' own files.
        write_log: appends events to a log stream, given the function and the stream's name.
        credentials: temporary credentials of an execution role, as environment variables.
        cpu_share: keeps processes to the share of a vCPU that the lab asks for.
        lab_variables: variables that lead boto3 in a handler to the lab cloud.
        now: the lab's date and time.
        observe: takes a record of each phase that has ended.
        snapshot: gives the snapshot of a version with SnapStart; None where nothing is restored.
    """

    processes: Processes
    packages: PackageStore
    workspace: Path
    write_log: Callable[[FunctionVersion, str, LogEvents], None]
    credentials: Callable[[FunctionVersion], Mapping[str, str]]
    cpu_share: CpuShare
    lab_variables: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    observe: Callable[[Phase], None] = lambda phase: None
    snapshot: Callable[[FunctionVersion], Snapshot] | None = None
