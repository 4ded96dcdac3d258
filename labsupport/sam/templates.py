"""A template found, read and packaged: what `sam build` and `sam package` do before a deploy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from labsupport.errors import LabValueError

from .cfn_yaml import load
from .packages import package

TRANSFORM = "AWS::Serverless-2016-10-31"
BUCKET = "packages-of-the-template"
_FILES = ("template.yaml", "template.yml", "template.json")
_CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
}


@dataclass
class Template:
    """A template with its deployment packages.

    Args:
        body: the template, its local folders replaced by places in S3, as `sam package` does.
        name: of the stack.
        packages: the zip files, by the S3 key that the body has for them.
    """

    body: dict[str, Any]
    name: str
    packages: dict[str, bytes] = field(default_factory=dict)


def read_template(template: str | PathLike[str]) -> Template:
    """A template from its path, from the folder it is in, or from its text.

    Raises:
        LabValueError: in one sentence, where there is none or it is not right.
    """
    text, folder, source = _found(template)
    body = load(text, source)
    _check_transform(body, source)
    found = Template(body, _stack_name(folder if source != "the template" else None))
    for logical, resource in body["Resources"].items():
        _check_resource(logical, resource, source)
        _package(found, logical, resource, folder, body.get("Globals") or {})
    return found


def _found(template: str | PathLike[str]) -> tuple[str, Path, str]:
    if isinstance(template, str) and "\n" in template:
        return template, Path.cwd(), "the template"
    path = Path(template).expanduser()
    if path.is_dir():
        inside = next((path / name for name in _FILES if (path / name).is_file()), None)
        if inside is None:
            raise LabValueError(f"The folder {path} has no template.yaml: name the template.")
        path = inside
    try:
        return path.read_text(encoding="utf-8"), path.parent, str(path)
    except FileNotFoundError:
        raise LabValueError(
            f"There is no template {path}: name a file, a folder with a template.yaml, or give "
            "the template's text."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LabValueError(f"The template {path} cannot be read ({error}).") from None


def _stack_name(folder: Path | None) -> str:
    name = folder.resolve().name if folder else ""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)
    return name.strip("-") or "stack"


def _check_transform(body: Mapping[str, Any], source: str) -> None:
    asked = body.get("Transform")
    names = asked if isinstance(asked, list) else [asked] if asked is not None else []
    for name in names:
        if name != TRANSFORM:
            raise LabValueError(
                f"{source}: the transform {name!r} is not known here, {TRANSFORM} alone is."
            )
    if not names and any(
        isinstance(each, dict) and str(each.get("Type", "")).startswith("AWS::Serverless::")
        for each in body["Resources"].values()
    ):
        raise LabValueError(f"{source}: a SAM template needs the line “Transform: {TRANSFORM}”.")


def _check_resource(logical: str, resource: Any, source: str) -> None:
    properties = resource.get("Properties", {}) if isinstance(resource, dict) else None
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise LabValueError(f"{source}: the resource {logical} has no Type.")
    if not isinstance(properties, dict):
        raise LabValueError(f"{source}: the Properties of {logical} are no mapping.")


def _package(
    template: Template, logical: str, resource: dict[str, Any], folder: Path, shared: dict[str, Any]
) -> None:
    """Put a package in the place of a resource's local folder, if it has one."""
    kind = resource["Type"]
    member = _CODE.get(kind)
    if member is None:
        return
    properties = resource.setdefault("Properties", {})
    code = properties.get(member)
    if kind == "AWS::Serverless::Function":
        if "InlineCode" in properties or properties.get("PackageType") == "Image":
            return
        code = code if code is not None else (shared.get("Function") or {}).get(member, ".")
    if not isinstance(code, str):
        return
    if code.startswith("s3://"):
        raise LabValueError(
            f"{logical} ({kind}) has its code in {code}, which is not on this machine: "
            f"give {member} a folder beside the template."
        )
    content = package(folder / code, logical, member)
    key = hashlib.sha256(content).hexdigest()
    template.packages[key] = content
    place = {"S3Bucket": BUCKET, "S3Key": key}
    properties[member] = f"s3://{BUCKET}/{key}" if "Serverless" in kind else place
