"""A template's resources made in the lab, in the order in which they need each other."""

from __future__ import annotations

import graphlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labsupport.credentials import ACCOUNT_ID
from labsupport.errors import LabError, LabValueError

from .intrinsics import NO_VALUE, Resolver, mentioned
from .kinds import KINDS
from .kinds.kind import Cloud, Made
from .templates import Template
from .translating import translate

_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


@dataclass
class Resource:
    """One that is there, with the properties it was made from."""

    type: str
    made: Made
    properties: dict[str, Any]
    kept: bool = False  # DeletionPolicy: Retain


@dataclass
class Stack:
    """What a deploy has made, by logical id in the order of making."""

    name: str
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)


def deploy(template: Template, parameters: Mapping[str, Any], region: str, stack: Stack) -> None:
    """Make what a template describes in a stack, or change what is in it to that.

    Where a resource cannot be made, those that this deploy has created are removed again.

    Raises:
        LabValueError: where the template is wrong, before anything is made.
        LabError: naming the resource that could not be made, and why.
    """
    values = _parameters(template.body, parameters)
    body = translate(template.body, values, region)
    cloud = Cloud(region, template.name, template.packages)
    _Deploy(cloud, stack, body, values).run()


class _Deploy:
    def __init__(
        self, cloud: Cloud, stack: Stack, body: dict[str, Any], values: dict[str, Any]
    ) -> None:
        self._cloud, self._stack, self._body = cloud, stack, body
        self._created: list[str] = []
        self._replaced: dict[str, Resource] = {}
        arn = f"arn:aws:cloudformation:{cloud.region}:{ACCOUNT_ID}:stack/{cloud.stack}/lab"
        pseudo = {
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::Partition": "aws",
            "AWS::Region": cloud.region,
            "AWS::StackId": arn,
            "AWS::StackName": cloud.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._resolver = Resolver(
            {**pseudo, **values},
            self._attribute,
            body.get("Conditions") or {},
            body.get("Mappings") or {},
        )
        self._wanted = {
            logical: resource
            for logical, resource in body["Resources"].items()
            if "Condition" not in resource or self._resolver.holds(resource["Condition"])
        }

    def run(self) -> None:
        order = self._order()
        self._stack.changes = {}
        for logical in order:
            try:
                self._make(logical, self._wanted[logical])
            except (ClientError, BotoCoreError, LabError) as error:
                self._roll_back()
                raise LabError(self._sentence(logical, error)) from None
        self._remove_leftovers()
        self._stack.resources = {logical: self._stack.resources[logical] for logical in order}
        self._stack.outputs = {
            name: _in_the_lab(str(value))
            for name, output in sorted((self._body.get("Outputs") or {}).items())
            if "Condition" not in output or self._resolver.holds(output["Condition"])
            if (value := self._resolver.resolve(output["Value"])) is not NO_VALUE
        }

    def _order(self) -> list[str]:
        """The logical ids, each after what it needs; otherwise by name."""
        needs: dict[str, set[str]] = {}
        known = {"AWS::NoValue", *self._resolver.names}
        for logical, resource in sorted(self._wanted.items()):
            if resource["Type"] not in KINDS:
                raise LabValueError(
                    f"{logical} is of the type {resource['Type']}, which lab.deploy_sam does not "
                    "make: take it out of the template, or deploy it to AWS."
                )
            names = set(mentioned(resource.get("Properties") or {}))
            after = resource.get("DependsOn") or []
            names |= {after} if isinstance(after, str) else set(after)
            unknown = sorted(names - self._body["Resources"].keys() - known)
            if unknown:
                raise LabValueError(
                    f"{logical} ({resource['Type']}) refers to {unknown[0]}, and the template has "
                    "no resource or parameter of that name."
                )
            needs[logical] = names & self._wanted.keys()
        sorter = graphlib.TopologicalSorter(needs)
        try:
            sorter.prepare()
        except graphlib.CycleError as error:
            circle = " → ".join(reversed(error.args[1]))
            raise LabValueError(
                f"The template's resources need each other in a circle ({circle}): name one of "
                "them in text instead of by !Ref, !GetAtt or !Sub."
            ) from None
        order: list[str] = []
        while ready := sorted(sorter.get_ready()):
            order += ready
            sorter.done(*ready)
        return order

    def _make(self, logical: str, wanted: dict[str, Any]) -> None:
        name = wanted["Type"]
        kind = KINDS[name]
        properties = self._resolver.resolve(wanted.get("Properties") or {})
        has = self._stack.resources.get(logical)
        kept = wanted.get("DeletionPolicy") == "Retain"
        if has is not None and has.type == name:
            self._stack.changes[logical] = "unchanged"
            if has.properties == properties:
                return
            renamed = has.properties.get(kind.name) != properties.get(kind.name)
            if kind.update is not None and not renamed:
                made = kind.update(self._cloud, has.made, has.properties, properties)
                self._stack.resources[logical] = Resource(name, made, properties, kept)
                self._stack.changes[logical] = "updated"
                return
            if not renamed:
                kind.delete(self._cloud, has.made)
                has = None
        if has is not None:
            self._replaced[logical] = has
        made = kind.create(self._cloud, logical, properties)
        self._stack.resources[logical] = Resource(name, made, properties, kept)
        self._stack.changes[logical] = "replaced" if logical in self._stack.changes else "created"
        self._created.append(logical)

    def _attribute(self, logical: str, attribute: str) -> Any:
        resource = self._stack.resources.get(logical)
        if resource is None or logical not in self._wanted:
            raise LabValueError(f"The template refers to {logical}, which it does not have.")
        if not attribute:
            return resource.made.ref
        if attribute not in resource.made.attributes:
            raise LabValueError(f"{logical} ({resource.type}) has no attribute {attribute} here.")
        return resource.made.attributes[attribute]

    def _roll_back(self) -> None:
        for logical in reversed(self._created):
            self._remove(self._stack.resources.pop(logical))
        self._stack.resources |= self._replaced

    def _remove_leftovers(self) -> None:
        gone = [name for name in self._stack.resources if name not in self._wanted]
        for logical in reversed(gone):
            resource = self._stack.resources.pop(logical)
            if not resource.kept:
                self._remove(resource)
                self._stack.changes[logical] = "removed"
        for resource in self._replaced.values():
            self._remove(resource)

    def _remove(self, resource: Resource) -> None:
        """Remove one as far as it goes: it may be gone with another, or hold what is not ours."""
        try:
            KINDS[resource.type].delete(self._cloud, resource.made)
        except (ClientError, BotoCoreError):
            self._stack.changes.setdefault(resource.made.ref, "left as it is")

    def _sentence(self, logical: str, error: Exception) -> str:
        said = (
            error.response["Error"].get("Message", "")
            if isinstance(error, ClientError)
            else str(error)
        )
        said = " ".join(said.split()).rstrip(".")
        kind = self._wanted[logical]["Type"]
        return (
            f"{logical} ({kind}) could not be made: {said}; what this deploy had created is "
            "removed again, and what was there before is still there."
        )


def _in_the_lab(text: str) -> str:
    """A text with the addresses that APIs have on AWS replaced by those they have here."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return _API.sub(lambda found: f"{endpoint}/_execute-api/{found[1]}", text)


def _parameters(body: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a template's parameters."""
    known = body.get("Parameters") or {}
    if unknown := sorted(given.keys() - known.keys()):
        raise LabValueError(f"The template has no parameter {unknown[0]}.")
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.get("Default"))
        if value is None:
            raise LabValueError(
                f"The parameter {name} has no default: give it, as in "
                f"lab.deploy_sam(…, parameters={{{name!r}: …}})."
            )
        if (allowed := parameter.get("AllowedValues")) and value not in allowed:
            raise LabValueError(f"The parameter {name} is none of {allowed}.")
        is_list = parameter.get("Type") == "CommaDelimitedList"
        values[name] = str(value).split(",") if is_list else value
    return values
