"""Functions created, changed and deleted, in the ways and words of Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..api.limits import check_configuration, check_package_type, check_snap_start, check_tags
from ..api.names import LATEST, FunctionName
from ..environments.packages import check_together
from ..errors import conflict, invalid_parameter, not_found
from .code import check_storage, package_in, set_package
from .layers import layers_of
from .network import vpc_config
from .roles import check_role
from .settings import Settings, asked_for, check_revision, revise, set_settings, settings_of
from .store import CHANGING, aliases_of, backend, copy_of, find, now, replace, set_aliases

Spec = Mapping[str, Any]
_DIRECTLY = {
    "Description": "description",
    "Handler": "handler",
    "MemorySize": "memory_size",
    "Timeout": "timeout",
    "Runtime": "run_time",
    "Role": "role",
    "TracingConfig": "tracing_config",
    "KMSKeyArn": "kms_key_arn",
}


def create_function(region: str, spec: Spec) -> Any:
    """Create a function and return moto's, as it is before it becomes active.

    Args:
        spec: the parameters of API_CreateFunction, FunctionName as a name alone.

    Raises:
        ServiceError: as Lambda refuses.
    """
    from moto.awslambda.models import LambdaFunction

    name = FunctionName(region, spec["FunctionName"])
    spec = {member: value for member, value in spec.items() if value is not None}
    check_package_type(spec)
    check_configuration(spec, "create")
    check_tags(spec.get("Tags") or {})
    check_role(spec["Role"])
    if find(name) is not None:
        raise conflict(f"Function already exist: {name.name}")
    code = spec.get("Code", {})
    package = package_in(code)
    check_storage(region, len(package))
    layers = layers_of(region, spec.get("Layers") or [], package)
    known = {"Code", "Layers", "VpcConfig", "EphemeralStorage", "Environment"}
    plain = {member: value for member, value in spec.items() if member not in known}
    image = {"Code": {"ImageUri": code["ImageUri"]} if "ImageUri" in code else {}}
    make: Any = LambdaFunction
    function = make(account_id=ACCOUNT_ID, spec={**plain, **image}, region=region, version=LATEST)
    function.code_bytes = b""
    if package:
        set_package(function, package)
    function.last_modified = now()
    _apply(function, {member: spec[member] for member in known & spec.keys()})
    settings = Settings(layers=layers, **asked_for(spec, Settings()))
    check_snap_start(spec, settings.snap_start)
    set_settings(function, settings)
    with CHANGING:
        if find(name) is not None:
            raise conflict(f"Function already exist: {name.name}")
        backend(region)._lambdas._functions[name.name] = {"latest": None, "versions": []}
        replace(function)
        set_aliases(name, {})
    return function


def update_code(name: FunctionName, spec: Spec) -> Any:
    """Give a function another deployment package and return it changed, as API_UpdateFunctionCode.

    With DryRun the function stays as it is, and what it would become is returned.

    Raises:
        ServiceError: as Lambda refuses.
    """
    function = existing(name)
    check_revision(function, spec.get("RevisionId"))
    _check_source(function.package_type, spec)
    check_configuration({"Runtime": function.run_time}, "update")
    package = package_in(spec)
    layers = settings_of(function).layers
    if package:
        check_together([package, *(layer.code_bytes for layer in layers)])
    check_storage(name.region, len(package))
    with CHANGING:
        function = existing(name)
        check_revision(function, spec.get("RevisionId"))
        changed = copy_of(function)
        if package:
            set_package(changed, package)
        else:
            changed._set_function_code({"ImageUri": spec["ImageUri"]})
        if spec.get("Architectures"):
            changed.architectures = spec["Architectures"]
        if not spec.get("DryRun"):
            _put(changed)
    return changed


def update_configuration(name: FunctionName, spec: Spec) -> Any:
    """Change a function's settings and return it changed, as API_UpdateFunctionConfiguration.

    Raises:
        ServiceError: as Lambda refuses.
    """
    spec = {member: value for member, value in spec.items() if value is not None}
    with CHANGING:
        function = existing(name)
        check_revision(function, spec.get("RevisionId"))
        check_package_type(spec, function.package_type)
        check_configuration({"Runtime": function.run_time} | spec, "update")
        if "Role" in spec:
            check_role(spec["Role"])
        settings = settings_of(function)
        changes = asked_for(spec, settings)
        has = {
            "PackageType": function.package_type,
            "Runtime": function.run_time,
            "EphemeralStorage": {"Size": function.ephemeral_storage},
            "FileSystemConfigs": settings.file_systems,
        }
        check_snap_start(has | spec, changes.get("snap_start", settings.snap_start))
        if "Layers" in spec:
            changes["layers"] = layers_of(name.region, spec["Layers"], function.code_bytes)
        changed = copy_of(function)
        _apply(changed, spec)
        _put(changed, **changes)
    return changed


def settle(name: FunctionName) -> None:
    """End what a call has begun at a function, which makes a revision of its own."""
    with CHANGING:
        function = find(FunctionName(name.region, name.name))
        if function is not None:
            settled = copy_of(function)
            revise(settled)
            replace(settled)


def delete_function(name: FunctionName) -> bool:
    """Delete a function with all that belongs to it, or one of its versions.

    Returns:
        Whether there was one; a version need not exist to be deleted.

    Raises:
        ServiceError: for what Lambda doesn't delete.
    """
    if name.qualifier == LATEST:
        raise invalid_parameter("$LATEST version cannot be deleted without deleting the function.")
    latest = FunctionName(name.region, name.name)
    with CHANGING:
        existing(latest)
        if name.is_alias:
            raise invalid_parameter("Deletion of aliases is not currently supported.")
        storage = backend(name.region)._lambdas
        if name.qualifier is None:
            del storage._functions[name.name]
            storage._aliases.pop(name.function_arn, None)
            return True
        version = find(name)
        if version is None:
            return False
        _check_unused(name)
        group = storage._functions[name.name]
        group["versions"] = [known for known in group["versions"] if known is not version]
    return True


def existing(name: FunctionName) -> Any:
    """The unpublished version of a function.

    Raises:
        ServiceError: ResourceNotFoundException, without a qualifier.
    """
    function = find(FunctionName(name.region, name.name))
    if function is None:
        raise not_found(name.function_arn)
    return function


def _put(changed: Any, **changes: Any) -> None:
    changed.last_modified = now()
    revise(changed, **changes)
    replace(changed)


def _apply(function: Any, spec: Spec) -> None:
    """Change what moto has a place for."""
    for member, attribute in _DIRECTLY.items():
        if member in spec:
            setattr(function, attribute, spec[member])
    if "Environment" in spec:
        function.environment_vars = dict(spec["Environment"].get("Variables") or {})
    if "EphemeralStorage" in spec:
        function.ephemeral_storage = spec["EphemeralStorage"]["Size"]
    if "VpcConfig" in spec:
        function._vpc_config = vpc_config(function.region, spec["VpcConfig"])
    if "ImageConfig" in spec:
        function.image_config = type(function.image_config)(spec["ImageConfig"])


def _check_source(package_type: str, spec: Spec) -> None:
    if package_type == "Image" and not spec.get("ImageUri"):
        raise invalid_parameter(
            "Please provide ImageUri when updating a function with packageType Image."
        )
    if package_type == "Zip" and spec.get("ImageUri"):
        raise invalid_parameter(
            "Please don't provide ImageUri when updating a function with packageType Zip."
        )


def _check_unused(name: FunctionName) -> None:
    """Refuse to delete a version that an alias means, first or by weight."""
    users = [
        alias.name
        for alias in aliases_of(name).values()
        if name.qualifier
        in (
            alias.function_version,
            *((alias.routing_config or {}).get("AdditionalVersionWeights") or {}),
        )
    ]
    if users:
        raise conflict(
            "Unable to delete version because the following aliases reference it: "
            f"[{', '.join(sorted(users))}]"
        )
