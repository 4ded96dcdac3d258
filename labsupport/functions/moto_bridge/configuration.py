"""How Lambda shows a function: API_FunctionConfiguration."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..api.names import FunctionName
from ..model import runtime_version_arn
from .settings import settings_of, shown

_STATUS = ("State", "StateReason", "StateReasonCode", "RuntimeVersionConfig")
_UPDATE = ("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode")
_REVISION = ("RevisionId", "LastModified", "FunctionArn", "Version")
_BEING_CREATED = ("The function is being created.", "Creating")
PENDING = dict(zip(_STATUS[:3], ("Pending", *_BEING_CREATED), strict=True))


def configuration(function: Any, qualifier: str | None = None) -> dict[str, Any]:
    """The configuration of one of moto's functions.

    Args:
        qualifier: what its ARN is to end with, where the call had one.
    """
    settings = settings_of(function)
    name = FunctionName(function.region, function.function_name, qualifier)
    members = {
        "FunctionName": function.function_name,
        "FunctionArn": name.arn,
        "Runtime": function.run_time,
        "Role": function.role,
        "Handler": function.handler,
        "CodeSize": function.code_size,
        "Description": function.description,
        "Timeout": function.timeout,
        "MemorySize": function.memory_size,
        "LastModified": function.last_modified,
        "CodeSha256": function.code_sha_256,
        "Version": str(function.version),
        "VpcConfig": function._vpc_config,
        "KMSKeyArn": function.kms_key_arn or None,
        "TracingConfig": function.tracing_config,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": function.package_type,
        "Architectures": function.architectures,
        "EphemeralStorage": {"Size": function.ephemeral_storage},
        "SnapStart": {
            "ApplyOn": "PublishedVersions" if settings.snap_start else "None",
            "OptimizationStatus": "On" if settings.state.get("State") == "Active" else "Off",
        },
        **settings.state,
        **shown(settings, function.logs_group_name),
    }
    if settings.environment:
        members["Environment"] = {"Variables": function.environment_vars}
    if function.package_type == "Image":
        if image := {k: v for k, v in function.image_config.response().items() if v}:
            members["ImageConfigResponse"] = {"ImageConfig": image}
    else:
        members["RuntimeVersionConfig"] = {"RuntimeVersionArn": runtime_version(function)}
    return {name: value for name, value in members.items() if value is not None}


def being_created(members: dict[str, Any]) -> dict[str, Any]:
    """A configuration as the call that creates the function or version answers it."""
    return {k: v for k, v in members.items() if k not in _UPDATE} | PENDING


def being_updated(members: dict[str, Any]) -> dict[str, Any]:
    """A configuration as the call that changes it answers it.

    On AWS the change isn't over then; the lab's is at the next look.
    """
    return members | dict(zip(_UPDATE, ("InProgress", *_BEING_CREATED), strict=True))


def in_list(members: dict[str, Any]) -> dict[str, Any]:
    """A configuration as the List actions show it."""
    return {k: v for k, v in members.items() if k not in (*_STATUS, *_UPDATE)}


def fingerprint(function: Any) -> str:
    """A text that differs whenever another version could be published."""
    members = in_list(configuration(function))
    content = {k: v for k, v in members.items() if k not in _REVISION}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def runtime_version(function: Any) -> str:
    """The ARN of the version of the runtime that a function uses.

    The lab has one version of each runtime, the one installed; AWS has many.
    """
    chosen = settings_of(function).runtime_version
    return chosen or runtime_version_arn(function.region, str(function.run_time))
