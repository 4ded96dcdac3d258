"""What the data plane asks of moto: functions, logs, roles."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..api.names import FunctionName, function_name
from ..errors import not_found
from ..model import FunctionVersion, Layer
from ..telemetry.logs import LogEvents
from .settings import set_settings, settings_of
from .store import (
    CHANGING,
    aliases_of,
    all_functions,
    all_layer_versions,
    find,
    layer_version,
    versions_of,
)

_making_streams = threading.Lock()


def resolve(region: str, name: str, qualifier: str | None) -> tuple[FunctionVersion, str]:
    """The version of a function that a call means, and the ARN it was called by.

    Args:
        name: a function's name, partial ARN or ARN, a qualifier included or not.
        qualifier: a version, an alias, "$LATEST" or None.

    Raises:
        ServiceError: ResourceNotFoundException where there is no such version in this Region.
    """
    wanted = function_name(region, name, qualifier, action="InvokeFunction")
    found = find(wanted)
    if found is None:
        raise not_found(wanted.qualified_arn)
    return version_of(found), wanted.arn


def routed(function: FunctionVersion, invoked_arn: str, draw: float) -> FunctionVersion:
    """The version an alias's weights send one invocation to.

    docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html

    Args:
        function: the version the alias means first.
        draw: a random number from 0 up to 1.
    """
    qualifier = invoked_arn.removeprefix(function.arn).removeprefix(":")
    if not qualifier or qualifier == function.version:
        return function
    name = FunctionName(function.region, function.name)
    alias = aliases_of(name).get(qualifier)
    routing = (alias.routing_config if alias else None) or {}
    for version, weight in (routing.get("AdditionalVersionWeights") or {}).items():
        draw -= weight
        found = find(replace(name, qualifier=version)) if draw < 0 else None
        if found is not None:
            return version_of(found)
    return function


def storage(region: str) -> tuple[int, int]:
    """Functions in a Region, and bytes of all their versions and of all layers."""
    functions = all_functions(region)
    packages = [
        function.code_size
        for latest in functions
        for function in [latest, *versions_of(FunctionName(region, latest.function_name))]
    ]
    layers = [version.code_size for version in all_layer_versions(region)]
    return len(functions), sum(packages) + sum(layers)


def version_of(function: Any) -> FunctionVersion:
    """A version of a function as the data plane knows it, from moto's."""
    code = function.code_bytes  # of this moment, as the digest is
    settings = settings_of(function)
    return FunctionVersion(
        arn=f"arn:aws:lambda:{function.region}:{function.account_id}"
        f":function:{function.function_name}",
        version=str(function.version),
        runtime=function.run_time or "",
        handler=function.handler or "",
        timeout_s=int(function.timeout),
        memory_mb=int(function.memory_size),
        code_sha256=function.code_sha_256,
        role_arn=function.role,
        package=lambda: bytes(code),
        variables=dict(function.environment_vars),
        log_group=settings.log_group or function.logs_group_name,
        log_format=settings.log_format,
        application_log_level=settings.application_log_level,
        system_log_level=settings.system_log_level,
        ephemeral_mb=int(function.ephemeral_storage),
        architecture=function.architectures[0],
        snap_start=settings.snap_start and str(function.version) != "$LATEST",
        layers=tuple(
            Layer(layer.arn, layer.code_sha_256, lambda layer=layer: bytes(layer.code_bytes))  # type: ignore[misc]
            for layer in settings.layers
        ),
        dead_letter_queue=settings.dead_letter_queue,
        tracing=str((function.tracing_config or {}).get("Mode", "PassThrough")),
    )


def reserved_concurrency(region: str) -> dict[str, int]:
    """Reserved concurrency in a Region, by function ARN, of the functions that have any."""
    return {
        function.function_arn: int(function.reserved_concurrency)
        for function in all_functions(region)
        if function.reserved_concurrency is not None
    }


def package_of(arn: str, sha256: str) -> bytes | None:
    """The package of a version of a function or a layer, while it has this digest."""
    region, _, kind, name, version = arn.split(":")[3:8]
    found = (
        layer_version(region, name, int(version))
        if kind == "layer"
        else find(FunctionName(region, name, version))
    )
    return bytes(found.code_bytes) if found and found.code_sha_256 == sha256 else None


def aliases(region: str, name: str) -> dict[str, str]:
    """A function's aliases and the versions they mean."""
    known = aliases_of(FunctionName(region, name)).values()
    return {alias.name: str(alias.function_version) for alias in known}


def exists(wanted: FunctionName) -> bool:
    """Whether there is such a function, version or alias."""
    return find(wanted) is not None


def revision_of(wanted: FunctionName) -> str:
    """The RevisionId of a function, a version or an alias that exists."""
    if wanted.is_alias:
        return str(aliases_of(wanted)[str(wanted.qualifier)].revision_id)
    return settings_of(find(wanted)).revision_id


def revise(wanted: FunctionName) -> None:
    """Give a function, a version or an alias another RevisionId."""
    with CHANGING:
        if wanted.is_alias:
            aliases_of(wanted)[str(wanted.qualifier)].revision_id = str(uuid.uuid4())
        else:
            found = find(wanted)
            set_settings(found, settings_of(found).revised())


def caller_of(access_key_id: str) -> str:
    """The ARN of the role or the user that a key was issued to, "api" for the lab's own key."""
    from moto.iam.models import iam_backends

    key = iam_backends[ACCOUNT_ID]["aws"].access_keys.get(access_key_id)
    if key is None:
        return "api"
    return str(getattr(key, "role_arn", None) or f"arn:aws:iam::{ACCOUNT_ID}:user/{key.user_name}")


def write_log(function: FunctionVersion, stream: str, events: LogEvents) -> None:
    """Append events to a log stream in CloudWatch Logs, making it where it is missing."""
    from moto.logs.models import logs_backends

    logs = logs_backends[ACCOUNT_ID][function.region]
    group = logs.groups.get(function.log_group)
    if group is None or stream not in group.streams:
        with _making_streams:
            logs.ensure_log_group(function.log_group)
            logs.ensure_log_stream(function.log_group, stream)
    entries = [{"timestamp": when, "message": message} for when, message in events]
    logs.put_log_events(function.log_group, stream, entries)


def role_credentials(function: FunctionVersion) -> Mapping[str, str]:
    """Temporary credentials of the execution role, as the variables a handler finds them in.

    Lambda names the session after the function; a session's name has at least two characters.
    """
    from moto.sts.models import sts_backends

    name = function.name if len(function.name) > 1 else f"{function.name}@lambda_function"
    role = sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=function.region,
        role_session_name=name,
        role_arn=function.role_arn,
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": role.access_key_id,
        "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
        "AWS_SESSION_TOKEN": role.session_token,
    }
