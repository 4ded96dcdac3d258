"""A template in the making: its resources, and how one of them is called by another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3

from labsupport.credentials import ACCOUNT_ID

# Who may refer to whom by !GetAtt: only to a lower level, so that there is never a circle.
DATA, MESSAGES, POLICY, ROLE, FUNCTION, WORKFLOW, RULE, TOP = range(8)
_KEY = re.compile(r"(?<![A-Z0-9])A[KS]IA[A-Z2-7]{16}(?![A-Z0-9])")
_REGION = re.compile(r"(arn:aws:[a-z0-9-]+:)([a-z]{2}-[a-z]+-\d)(?=:)")


@dataclass
class Place:
    """What an ARN or URL of the lab is called in the template.

    Args:
        level: of the resource.
        short: as in !Sub without its braces: a logical id, or that and an attribute.
        text: for those it may not be referred from, the same as text for !Sub.
    """

    level: int
    short: str
    text: str
    used: bool = False
    named: bool = False


@dataclass
class Draft:
    """The template and its files.

    Args:
        region: what is exported.
        secrets: texts of the lab that must not be in the template.
    """

    region: str
    secrets: tuple[str, ...] = ()
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)
    covered: set[tuple[str, str, str]] = field(default_factory=set)
    _clients: dict[str, Any] = field(default_factory=dict)
    _ids: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        """A client of the lab."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=self.region)
        return self._clients[service]

    def pages(self, service: str, operation: str, member: str, **parameters: Any) -> list[Any]:
        """All that a listing operation has, page after page."""
        client = self.client(service)
        if not client.can_paginate(operation):
            return list(getattr(client, operation)(**parameters).get(member, []))
        pages = client.get_paginator(operation).paginate(**parameters)
        return [each for page in pages for each in page.get(member, [])]

    def logical(self, name: str, kind: str) -> str:
        """A logical id that no other resource has."""
        parts = re.findall(r"[A-Za-z0-9]+", name)
        first = "".join(part[:1].upper() + part[1:] for part in parts)
        wanted = first if first.lower().endswith(kind.lower()) else first + kind
        logical, number = wanted, 2
        while logical in self._ids:
            logical, number = f"{wanted}{number}", number + 1
        self._ids.add(logical)
        return logical

    def place(self, address: str, level: int, logical: str, attribute: str = "Arn") -> None:
        """Say what an ARN or URL is called from now on; "" as the attribute stands for !Ref."""
        short = f"{logical}.{attribute}" if attribute else logical
        text = f"https://sqs.${{AWS::Region}}.amazonaws.com/{_path(address)}"
        if address.startswith("arn:"):
            text = address
        self.places[address] = Place(level, short, self._neutral(text))

    def refer(self, value: Any, level: int = TOP) -> Any:
        """A value with the lab's ARNs, URLs and account id replaced by references."""
        if isinstance(value, dict):
            return {name: self.refer(each, level) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.refer(each, level) for each in value]
        if not isinstance(value, str):
            return value
        if (place := self.places.get(value)) is not None:
            return self._called(place, level)
        text = value.replace("${", "${!")
        for address, place in sorted(self.places.items(), key=lambda item: -len(item[0])):
            if address in text:
                whole = re.compile(re.escape(address) + r"(?![\w.-])")
                called = self._inside(place, level)
                text, found = whole.subn(lambda _, called=called: called, text)  # type: ignore[misc]
                if found:
                    self._use(place, level)
        for bucket, parameter in self.buckets.items():
            whole = re.compile(re.escape(f"arn:aws:s3:::{bucket}") + r"(?![\w.-])")
            text = whole.sub(f"arn:aws:s3:::${{{parameter}}}", text)
        text = self._neutral(text)
        return value if text == value.replace("${", "${!") else {"Fn::Sub": text}

    def secret_in(self, value: Any) -> bool:
        """Whether a text of the lab's own, or an access key, is left in a value."""
        return any(
            _KEY.search(text) or any(secret in text for secret in self.secrets)
            for text in _texts(value)
        )

    def leave_out(self, what: str) -> None:
        """Note, in a sentence, what the template does not have."""
        if what not in self.left_out:
            self.left_out.append(what)

    def _called(self, place: Place, level: int) -> Any:
        self._use(place, level)
        if place.level >= level:
            return {"Fn::Sub": place.text}
        logical, _, attribute = place.short.partition(".")
        if not attribute or attribute in ("Alias", "Version"):
            return {"Ref": place.short}
        return {"Fn::GetAtt": [logical, attribute]}

    def _inside(self, place: Place, level: int) -> str:
        return "${" + place.short + "}" if place.level < level else place.text

    def _use(self, place: Place, level: int) -> None:
        place.used = True
        place.named = place.named or place.level >= level

    def _neutral(self, text: str) -> str:
        """A text for !Sub without the lab's account and region."""
        text = re.sub(rf"(?<!\d){ACCOUNT_ID}(?!\d)", "${AWS::AccountId}", text)

        def neutral(arn: re.Match[str]) -> str:
            return arn[1] + ("${AWS::Region}" if arn[2] == self.region else arn[2])

        return _REGION.sub(neutral, text)


def _path(url: str) -> str:
    return url.rsplit("//", maxsplit=1)[-1].partition("/")[2]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
