"""What Lambda keeps about a function and moto doesn't."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..api.limits import check_logging
from ..errors import revision_differs


@dataclass(frozen=True)
class Settings:
    """One revision of the settings that moto drops; never changed, only replaced.

    A published version shares them with the function it was published from, as moto copies it.

    Args:
        layers: moto's layer versions, kept although they may be deleted from their layer.
        log_group: "" for the default, /aws/lambda/ and the function's name.
        application_log_level: "" in text format.
        snap_start: whether published versions are started from a snapshot.
        environment: whether Environment was ever given, if only as an empty one.
        update_runtime_on: "Auto", "FunctionUpdate" or "Manual".
        runtime_version: the ARN of the runtime version chosen by hand.
        published_from: in a published version, the fingerprint of what it was published from.
        state: of a version with SnapStart, as members of its configuration.
    """

    dead_letter_queue: str = ""
    layers: tuple[Any, ...] = ()
    log_format: str = "Text"
    application_log_level: str = ""
    system_log_level: str = ""
    log_group: str = ""
    snap_start: bool = False
    environment: bool = False
    file_systems: tuple[Mapping[str, str], ...] = ()
    update_runtime_on: str = "Auto"
    runtime_version: str = ""
    published_from: str = ""
    state: Mapping[str, str] = field(default_factory=dict)
    revision_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def revised(self, **changes: Any) -> Settings:
        """These settings with changes, as a new revision."""
        return replace(self, **changes, revision_id=str(uuid.uuid4()))


def settings_of(function: Any) -> Settings:
    """The settings of one of moto's functions."""
    settings: Settings = getattr(function, "cold_start_settings", _NONE)
    return settings


def set_settings(function: Any, settings: Settings) -> None:
    """Give one of moto's functions other settings."""
    function.cold_start_settings = settings


def revise(function: Any, **changes: Any) -> None:
    """Make another revision of one of moto's functions."""
    set_settings(function, settings_of(function).revised(**changes))


def check_revision(function: Any, revision_id: str | None) -> None:
    """Refuse a change made on the ground of an older revision.

    Raises:
        ServiceError: PreconditionFailedException.
    """
    if revision_id and revision_id != settings_of(function).revision_id:
        raise revision_differs()


def asked_for(spec: Mapping[str, Any], before: Settings) -> dict[str, Any]:
    """The settings that a call to create or configure a function names, as `revised` takes them.

    Args:
        before: the settings it had; what a call leaves out of LoggingConfig stays.

    Raises:
        ServiceError: where the settings don't go together.
    """
    wanted: dict[str, Any] = {}
    if "DeadLetterConfig" in spec:
        wanted["dead_letter_queue"] = (spec["DeadLetterConfig"] or {}).get("TargetArn") or ""
    if "Environment" in spec:
        wanted["environment"] = True
    if "FileSystemConfigs" in spec:
        wanted["file_systems"] = tuple(spec["FileSystemConfigs"])
    if "SnapStart" in spec:
        wanted["snap_start"] = spec["SnapStart"].get("ApplyOn") == "PublishedVersions"
    if logging := spec.get("LoggingConfig"):
        check_logging(logging, before.log_format)
        wanted["log_format"] = logging.get("LogFormat", before.log_format)
        wanted["log_group"] = logging.get("LogGroup", before.log_group)
        json = wanted["log_format"] == "JSON"
        for name, key in (("application", "ApplicationLogLevel"), ("system", "SystemLogLevel")):
            level = logging.get(key) or getattr(before, f"{name}_log_level") or "INFO"
            wanted[f"{name}_log_level"] = level if json else ""
    return wanted


def shown(settings: Settings, log_group: str) -> dict[str, Any]:
    """The settings as members of a function's configuration."""
    logging = {
        "LogFormat": settings.log_format,
        "ApplicationLogLevel": settings.application_log_level,
        "SystemLogLevel": settings.system_log_level,
        "LogGroup": settings.log_group or log_group,
    }
    members: dict[str, Any] = {
        "LoggingConfig": {name: value for name, value in logging.items() if value},
        "RevisionId": settings.revision_id,
        "SnapStart": {
            "ApplyOn": "PublishedVersions" if settings.snap_start else "None",
            "OptimizationStatus": "On" if settings.state.get("State") == "Active" else "Off",
        },
        **settings.state,
    }
    if settings.dead_letter_queue:
        members["DeadLetterConfig"] = {"TargetArn": settings.dead_letter_queue}
    if settings.file_systems:
        members["FileSystemConfigs"] = list(settings.file_systems)
    if settings.layers:
        members["Layers"] = [
            {"Arn": layer.arn, "CodeSize": layer.code_size} for layer in settings.layers
        ]
    return members


_NONE = Settings()
