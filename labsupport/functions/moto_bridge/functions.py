"""Functions created, updated and shown as AWS does it, where moto doesn't."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ServiceError
from ..limits import check_configuration
from ..model import runtime_version_arn
from ..packages import check_together
from .code import check_code
from .layers import layers_of
from .roles import check_role
from .settings import Settings, asked_for, set_settings, settings_of, shown


def create_function(original: Any, backend: Any, spec: Any) -> Any:
    """Create a function, as API_CreateFunction."""
    code = check_code(backend, spec.get("Code", {}))
    check_configuration(spec)
    check_role(spec)
    settings = Settings(layers=layers_of(backend, spec, code), **asked_for(spec, Settings()))
    created = original(backend, spec)
    for function in (created, backend.get_function(created.function_name)):
        set_settings(function, settings)
    return created


def update_code(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    """Give a function another deployment package, as API_UpdateFunctionCode."""
    code = check_code(backend, body)
    function = backend.get_function(name, qualifier)
    if code:
        check_together([code, *(layer.code_bytes for layer in settings_of(function).layers)])
    _check_revision(function, body)
    original(backend, name, qualifier, body=body)
    set_settings(function, settings_of(function).revised())
    return function.get_configuration() | _BEING_UPDATED


def update_configuration(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    """Change a function's settings, as API_UpdateFunctionConfiguration."""
    check_configuration(body)
    check_role(body)
    function = backend.get_function(name, qualifier)
    _check_revision(function, body)
    changes = asked_for(body, settings_of(function))
    if "Layers" in body:
        changes["layers"] = layers_of(backend, body, bytes(function.code_bytes))
    original(backend, name, qualifier, body=body)
    if "EphemeralStorage" in body:
        function.ephemeral_storage = body["EphemeralStorage"]["Size"]
    for member, attribute in (("TracingConfig", "tracing_config"), ("KMSKeyArn", "kms_key_arn")):
        if member in body:
            setattr(function, attribute, body[member])
    set_settings(function, settings_of(function).revised(**changes))
    return function.get_configuration() | _BEING_UPDATED


def configuration(original: Any, function: Any, on_create: bool = False) -> Any:
    """The configuration of a function as AWS shows it."""
    configuration: dict[str, Any] = original(function, on_create) | _beyond_moto(function)
    if on_create:  # becoming active is a revision of its own
        set_settings(function, settings_of(function).revised())
        configuration |= _CREATING
    return configuration


_CREATING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}


# What an update answers: on AWS it isn't over yet; the lab's is at the next look.
_BEING_UPDATED = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


def _beyond_moto(function: Any) -> dict[str, Any]:
    """The members of a function's configuration that moto doesn't know."""
    settings = settings_of(function)
    return shown(settings, function.logs_group_name) | {
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": runtime_version_arn(function.region, str(function.run_time))
        },
        "SnapStart": {
            "ApplyOn": "PublishedVersions" if settings.snap_start else "None",
            "OptimizationStatus": "On" if settings.snap_start and _published(function) else "Off",
        },
    }


def _published(function: Any) -> bool:
    return str(function.version) != "$LATEST"


def _check_revision(function: Any, body: Mapping[str, Any]) -> None:
    """Refuse a change made on the ground of an older revision."""
    if body.get("RevisionId") not in (None, "", settings_of(function).revision_id):
        raise ServiceError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the "
            "GetFunction/GetAlias API to retrieve the latest RevisionId",
            412,
        )
