"""What a type of resource must be able to do: be made, changed and removed, through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that is there.

    Args:
        ref: what !Ref gives.
        attributes: what !GetAtt gives.
        handle: whatever else it takes to change or remove it.
    """

    ref: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    handle: Any = None


@dataclass(frozen=True)
class Cloud:
    """The lab as resources are made in it.

    Args:
        region: of the stack.
        stack: its name; resources without a name of their own are called by it.
        packages: the template's zip files, by S3 key.
    """

    region: str
    stack: str
    packages: Mapping[str, bytes]
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the lab."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region)
        return self._clients[service]

    def call(self, service: str, operation: str, /, **parameters: Any) -> Any:
        """Call an operation, numbers and truths given as text put right, as CloudFormation does."""
        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).input_shape
        return getattr(client, operation)(**_fitted(shape, parameters))

    def named(self, logical: str) -> str:
        """The name of a resource that has none; AWS would add random letters."""
        return f"{self.stack}-{logical}"


@dataclass(frozen=True)
class Kind:
    """A type of resource.

    Args:
        create: makes one, from its logical id and its properties.
        delete: removes it.
        update: changes it from properties (third) to others (fourth); without it, it is replaced.
        name: the property that names it; another name means another resource.
    """

    create: Callable[[Cloud, str, Properties], Made]
    delete: Callable[[Cloud, Made], object]
    update: Callable[[Cloud, Made, Properties, Properties], Made] | None = None
    name: str = ""


def tags_of(properties: Properties) -> dict[str, str]:
    """Tags as a mapping; CloudFormation has them as one or as a list of Key and Value."""
    tags = properties.get("Tags") or {}
    return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}


def without(properties: Properties, *names: str) -> dict[str, Any]:
    """Properties without some."""
    return {name: value for name, value in properties.items() if name not in names}


def nothing_to_do(cloud: Cloud, made: Made) -> None:
    """Remove what goes with another resource, or stays on purpose."""


def _fitted(shape: Any, value: Any) -> Any:
    """A parameter as its shape in the service's model wants it."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        members = shape.members
        value = {
            name: _fitted(members[name], each) if name in members else each
            for name, each in value.items()
        }
    elif kind == "map" and isinstance(value, Mapping):
        value = {str(name): _fitted(shape.value, each) for name, each in value.items()}
    elif kind == "list" and isinstance(value, list):
        value = [_fitted(shape.member, each) for each in value]
    elif kind in ("integer", "long") and isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    elif kind == "boolean" and value in ("true", "false"):
        value = value == "true"
    elif kind == "string" and isinstance(value, bool | int | float):
        value = json.dumps(value)
    return value
