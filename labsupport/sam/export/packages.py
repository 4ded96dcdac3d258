"""Deployment packages as folders: the code of functions, and layers."""

from __future__ import annotations

from typing import Any

import urllib3

from labsupport.errors import LabError

from ..packages import unzipped
from .draft import Draft

SECONDS = 30.0  # a package comes from this machine


def write_package(draft: Draft, folder: str, location: str) -> None:
    """Unpack the package that is at an address into a folder of the export."""
    try:
        answer = urllib3.request("GET", location, timeout=SECONDS, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise LabError(f"The code for {folder} could not be read from the lab ({error}).") from None
    if answer.status != 200:
        raise LabError(f"The code for {folder} could not be read from the lab.")
    for name, content in unzipped(answer.data).items():
        draft.files[f"{folder}/{name}"] = content
        if any(secret.encode() in content[0] for secret in draft.secrets):
            draft.leave_out(
                f"Nothing of {folder}/{name}, but mend it: it has the lab's address or key in it."
            )


def write_layers(draft: Draft) -> None:
    """Write the layer versions that functions use, and of the others the newest."""
    for layer in draft.pages("lambda", "list_layers", "Layers"):
        name = layer["LayerName"]
        versions = draft.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
        newest = max(int(version["Version"]) for version in versions)
        for version in sorted(versions, key=lambda each: int(each["Version"])):
            place, number = draft.places[version["LayerVersionArn"]], int(version["Version"])
            if not place.used and number != newest:
                draft.leave_out(f"Version {number} of the layer {name}, which no function uses.")
                continue
            folder = f"layers/{name}" if number == newest else f"layers/{name}-{number}"
            shown = draft.client("lambda").get_layer_version(LayerName=name, VersionNumber=number)
            write_package(draft, folder, shown["Content"]["Location"])
            properties: dict[str, Any] = {"LayerName": name, "ContentUri": f"{folder}/"}
            for member in (
                *("Description", "LicenseInfo", "CompatibleRuntimes"),
                "CompatibleArchitectures",
            ):
                if shown.get(member):
                    properties[member] = shown[member]
            draft.resources[place.short] = {
                "Type": "AWS::Serverless::LayerVersion",
                "Properties": properties,
            }
