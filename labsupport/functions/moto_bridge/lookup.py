"""What the data plane asks of moto: functions, logs, roles."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..errors import ServiceError, not_found
from ..logs import LogEvents
from ..model import FunctionVersion, Layer
from .settings import settings_of

_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?"
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
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import lambda_backends

    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?"
            r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    if parts["region"] not in (None, region):
        raise ServiceError(
            "ResourceNotFoundException",
            f"Functions from '{parts['region']}' are not reachable in this region ('{region}')",
            404,
        )
    qualifier = qualifier or parts["qualifier"]
    arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{parts['name']}"
    if parts["account"] not in (None, ACCOUNT_ID):
        arn = arn.replace(ACCOUNT_ID, parts["account"])
        raise not_found(f"{arn}:{qualifier or '$LATEST'}")
    try:
        found = lambda_backends[ACCOUNT_ID][region].get_function(parts["name"], qualifier)
    except LambdaClientError:
        found = None
    if found is None:
        raise not_found(f"{arn}:{qualifier or '$LATEST'}")
    return version_of(found), f"{arn}:{qualifier}" if qualifier else arn


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
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[ACCOUNT_ID][function.region]
    routing: Any = backend.get_alias(qualifier, function.name).routing_config or {}
    for version, weight in (routing.get("AdditionalVersionWeights") or {}).items():
        draw -= weight
        if draw < 0:
            return version_of(backend.get_function(function.name, version))
    return function


def storage(region: str) -> tuple[int, int]:
    """Functions in a Region, and bytes of all their versions and of all layers."""
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[ACCOUNT_ID][region]
    versions = {
        (function.function_arn, function.code_sha_256): function.code_size
        for function in backend.list_functions("ALL")
    }
    layers = [
        version.code_size
        for layer in backend.list_layers()
        for version in backend.list_layer_versions(layer["LayerName"])
    ]
    count = len(list(backend.list_functions()))
    return count, sum(versions.values()) + sum(layers)


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
    from moto.awslambda.models import lambda_backends

    return {
        function.function_arn: int(function.reserved_concurrency)
        for function in lambda_backends[ACCOUNT_ID][region].list_functions()
        if function.reserved_concurrency is not None
    }


def aliases(region: str, name: str) -> dict[str, str]:
    """A function's aliases and the versions they mean."""
    from moto.awslambda.models import lambda_backends

    known = lambda_backends[ACCOUNT_ID][region].list_aliases(name)
    return {alias.name: str(alias.function_version) for alias in known}


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
