"""Policy documents: their statements, and what an action, a resource or a principal matches.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys of a request, in lower case, and their values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPED = {"*": "*", "?": "?", "$": "$"}


@dataclass(frozen=True)
class Policy:
    """A policy that is attached to something.

    Args:
        document: JSON text.
        arn: of a managed policy; "" for an inline policy and for one of a resource.
    """

    document: str
    arn: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement of a policy document; the Not… elements are `excluded`.

    Args:
        principals: pairs of a kind such as "AWS" or "Service" and a value; ("*", "*") for all.
        variables: whether ${…} stands for a value, as it does from version 2012-10-17 on.
    """

    allows: bool
    actions: tuple[str, ...] = ()
    excluded_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    excluded_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    excluded_principals: tuple[tuple[str, str], ...] = ()
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    variables: bool = True

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """Whether the Action and Resource elements match; conditions and principals aside.

        A statement without a Resource element, in a trust policy, is about what it is attached to.
        """
        if self.actions:
            if not any(like(p, action, ignore_case=True) for p in self.actions):
                return False
        elif not self.excluded_actions or any(
            like(p, action, ignore_case=True) for p in self.excluded_actions
        ):
            return False
        if self.resources:
            return any(self._matches(p, resource, context) for p in self.resources)
        return not any(self._matches(p, resource, context) for p in self.excluded_resources)

    def _matches(self, pattern: str, resource: str, context: Context) -> bool:
        return like(pattern, resource, context if self.variables else None)


@lru_cache(maxsize=1024)
def statements(document: str) -> tuple[Statement, ...]:
    """The statements of a policy document; none where it isn't one."""
    try:
        policy = json.loads(document)
    except ValueError:
        return ()
    found = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(found, dict):
        found = [found]
    variables = isinstance(policy, dict) and policy.get("Version") == "2012-10-17"
    return tuple(_statement(entry, variables) for entry in found or () if isinstance(entry, dict))


def _statement(entry: Mapping[str, Any], variables: bool) -> Statement:
    return Statement(
        allows=entry.get("Effect") == "Allow",
        actions=texts(entry.get("Action")),
        excluded_actions=texts(entry.get("NotAction")),
        resources=texts(entry.get("Resource")),
        excluded_resources=texts(entry.get("NotResource")),
        principals=_principals(entry.get("Principal")),
        excluded_principals=_principals(entry.get("NotPrincipal")),
        conditions=tuple(
            (operator, key.lower(), texts(values))
            for operator, block in (entry.get("Condition") or {}).items()
            for key, values in block.items()
        ),
        variables=variables,
    )


def _principals(element: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(element, Mapping):
        return tuple((kind, value) for kind, values in element.items() for value in texts(values))
    return tuple(("*", value) for value in texts(element))


def texts(element: Any) -> tuple[str, ...]:
    """The values of an element that may be one value or a list of them, as texts."""
    if element is None:
        return ()
    values = element if isinstance(element, list) else [element]
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)


def like(
    pattern: str, value: str, context: Context | None = None, *, ignore_case: bool = False
) -> bool:
    """Whether `value` matches a pattern with the wildcards * and ?.

    Args:
        context: gives policy variables their values; None where ${…} means itself. A pattern with
            a variable that has no value matches nothing.
    """
    if context is None or "${" not in pattern:
        return _compiled(pattern, ignore_case).fullmatch(value) is not None
    source = ""
    at = 0
    for variable in _VARIABLE.finditer(pattern):
        substitute = _value(variable[1], context)
        if substitute is None:
            return False
        source += _source(pattern[at : variable.start()]) + re.escape(substitute)
        at = variable.end()
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch(source + _source(pattern[at:]), value, flags) is not None


def substituted(text: str, context: Context | None) -> str | None:
    """A text with its policy variables replaced; None where one of them has no value."""
    if context is None or "${" not in text:
        return text
    values = [_value(name, context) for name in _VARIABLE.findall(text)]
    if None in values:
        return None
    remaining = iter(values)
    return _VARIABLE.sub(lambda _: str(next(remaining)), text)


def _value(variable: str, context: Context) -> str | None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""
    if variable in _ESCAPED:
        return _ESCAPED[variable]
    name, _, default = variable.partition(",")
    value = context.get(name.strip().lower())
    if isinstance(value, str):
        return value
    return default.strip().strip("'") or None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(_source(pattern), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _source(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(c) or re.escape(c) for c in pattern)
