"""The actions on layers and their versions.

docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..api.paging import page
from ..errors import access_denied, invalid_parameter, no_resource
from .code import check_storage, package_in
from .store import CHANGING, backend, layer_version


class LayerActions:
    """The actions on layers.

    Args:
        location: gives the address of a package, by the ARN of its version and its digest.
    """

    def __init__(self, location: Callable[[str, str], str]) -> None:
        self._location = location

    def register(self, actions: Actions) -> None:
        """Answer the six actions."""
        actions.add(
            PublishLayerVersion=self._publish,
            GetLayerVersion=self._get,
            GetLayerVersionByArn=self._get_by_arn,
            DeleteLayerVersion=_delete,
            ListLayers=_list,
            ListLayerVersions=_list_versions,
        )

    def _publish(self, call: Call) -> dict[str, Any]:
        region, name = layer_name(call)
        spec = {**call.parameters, "LayerName": name}
        return self._with_content(_new_version(region, spec))

    def _get(self, call: Call) -> dict[str, Any]:
        region, name = layer_name(call)
        found = layer_version(region, name, number(call))
        if found is None:
            raise no_resource()
        return self._with_content(found)

    def _get_by_arn(self, call: Call) -> dict[str, Any]:
        region, account, _, name, version = call.get("Arn").split(":")[3:8]
        if account != ACCOUNT_ID:
            raise access_denied("lambda:GetLayerVersion", call.get("Arn"))
        found = layer_version(region, name, int(version))
        if found is None:
            raise no_resource()
        return self._with_content(found)

    def _with_content(self, version: Any) -> dict[str, Any]:
        content = {
            "Location": self._location(version.arn, version.code_sha_256),
            "CodeSha256": version.code_sha_256,
            "CodeSize": version.code_size,
        }
        layer = version.arn.rpartition(":")[0]
        return {"Content": content, "LayerArn": layer, **_shown(version)}


def _new_version(region: str, spec: dict[str, Any]) -> Any:
    from moto.awslambda.models import LayerVersion

    package = package_in(spec.get("Content") or {})
    check_storage(region, len(package))
    content = {"ZipFile": base64.b64encode(package).decode()}
    make: Any = LayerVersion
    version = make({**spec, "Content": content}, account_id=ACCOUNT_ID, region=region)
    version.content = {}
    version.compatible_runtimes = spec.get("CompatibleRuntimes")
    version.compatible_architectures = spec.get("CompatibleArchitectures")
    with CHANGING:
        backend(region)._layers.put_layer_version(version)
    return version


def layer_name(call: Call) -> tuple[str, str]:
    """The Region and the name of the layer that a call names by name or ARN.

    Raises:
        ServiceError: for another account's.
    """
    text = call.get("LayerName")
    if not text.startswith("arn:"):
        return call.region, text
    region, account, _, name = text.split(":")[3:7]
    if account != ACCOUNT_ID:
        raise access_denied(f"lambda:{call.action}", text)
    return region, name


def number(call: Call) -> int:
    """The version number of a call on a layer.

    Raises:
        ServiceError: for one that no version can have.
    """
    wanted = call.get("VersionNumber")
    if not isinstance(wanted, int) or wanted < 1:
        raise invalid_parameter("Layer Version Cannot be less than 1")
    return wanted


def _delete(call: Call) -> Reply:
    region, name = layer_name(call)
    wanted = number(call)
    layer = backend(region)._layers._layers.get(name)
    if layer is not None:
        with CHANGING:
            layer.delete_version(str(wanted))
    return Reply()


def _list(call: Call) -> dict[str, Any]:
    layers = []
    for layer in list(backend(call.region)._layers._layers.values()):
        if matching := _matching(layer, call):
            layers.append(
                {
                    "LayerName": layer.name,
                    "LayerArn": layer.layer_arn,
                    "LatestMatchingVersion": _shown(matching[0]),
                }
            )
    return page("Layers", layers, call)


def _list_versions(call: Call) -> dict[str, Any]:
    region, name = layer_name(call)
    layer = backend(region)._layers._layers.get(name)
    matching = _matching(layer, call) if layer else []
    return page("LayerVersions", [_shown(version) for version in matching], call)


def _matching(layer: Any, call: Call) -> list[Any]:
    """The versions of a layer that go with what the call asks for, newest first."""
    runtime, architecture = call.get("CompatibleRuntime"), call.get("CompatibleArchitecture")
    found = [
        version
        for version in list(layer.layer_versions.values())
        if runtime is None or runtime in (version.compatible_runtimes or [])
        if architecture is None or architecture in (version.compatible_architectures or [])
    ]
    return sorted(found, key=lambda version: -int(version.version))


def _shown(version: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "LayerVersionArn": version.arn,
        "Version": version.version,
        "Description": version.description or "",
        "CreatedDate": version.created_date,
    }
    for name, value in (
        ("CompatibleRuntimes", version.compatible_runtimes),
        ("CompatibleArchitectures", version.compatible_architectures),
        ("LicenseInfo", version.license_info or None),
    ):
        if value is not None:
            members[name] = value
    return members
