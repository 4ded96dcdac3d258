"""Which events an event pattern lets through.

The rules of docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html;
Lambda's filters have part of them (invocation-eventfiltering.html in its Developer Guide).
Numbers are compared by value: both pages say "as text", but 300 is found to match 300.0 on AWS.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .pattern_grammar import PatternError, check_pattern, is_number, is_or, listed

__all__ = ["PatternError", "check_pattern", "matches"]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_MISSING = object()


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether an event satisfies a pattern that `check_pattern` has accepted.

    All keys of a pattern must match, and one of the rules in each list. Where the event has a list,
    one of its members must match; names joined by a dot are the same as nested ones.
    """
    return _matches(pattern, event, (), event)


def _matches(pattern: Mapping[str, Any], value: Any, path: tuple[str, ...], root: Any) -> bool:
    if isinstance(value, list):
        return any(_matches(pattern, member, path, root) for member in value) or (
            not value and _matches(pattern, _MISSING, path, root)
        )
    for name, rule in pattern.items():
        if is_or(name, rule):
            if not any(_matches(alternative, value, path, root) for alternative in rule):
                return False
            continue
        inner = (*path, *name.split("."))
        found = _members(value, name)
        if isinstance(rule, Mapping):
            if not any(_matches(rule, member, inner, root) for member in found or [_MISSING]):
                return False
        elif not any(_rule_holds(one, found, inner, root) for one in rule):
            return False
    return True


def _rule_holds(rule: Any, found: list[Any], path: tuple[str, ...], root: Any) -> bool:
    if isinstance(rule, Mapping) and "exists" in rule:
        if rule["exists"]:
            return any(True for member in found for _ in _leaves(member))
        return not any(True for member in _at(root, path) for _ in _leaves(member))
    return any(_value_holds(rule, value) for member in found for value in _leaves(member))


def _value_holds(rule: Any, value: Any) -> bool:
    if not isinstance(rule, Mapping):
        return _equal(rule, value)
    ((operator, operand),) = rule.items()
    if operator == "anything-but":
        if isinstance(operand, Mapping):
            ((inner, texts),) = operand.items()
            return not any(_value_holds({inner: text}, value) for text in listed(texts))
        return not any(_equal(known, value) for known in listed(operand))
    if operator == "numeric":
        return is_number(value) and all(
            _COMPARE[sign](value, bound)
            for sign, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    return isinstance(value, str) and _text_holds(operator, operand, value)


def _text_holds(operator: str, operand: Any, text: str) -> bool:
    if isinstance(operand, Mapping):
        operand, text = operand["equals-ignore-case"].casefold(), text.casefold()
    if operator == "prefix":
        return text.startswith(operand)
    if operator == "suffix":
        return text.endswith(operand)
    if operator == "equals-ignore-case":
        return bool(text.casefold() == operand.casefold())
    if operator == "wildcard":
        return bool(_wildcard(operand).fullmatch(text))
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _wildcard(text: str) -> re.Pattern[str]:
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+", text)
    return re.compile(
        "".join(
            ".*" if part == "*" else re.escape(part[1:] if part[0] == "\\" else part)
            for part in parts
        ),
        re.DOTALL,
    )


def _members(value: Any, name: str) -> list[Any]:
    """What an object has under a name, also where the name's dots stand for nesting."""
    if not isinstance(value, Mapping):
        return []
    found = [value[name]] if name in value else []
    for key, inner in value.items():
        if name.startswith(f"{key}.") and key:
            rest = name[len(key) + 1 :]
            for member in inner if isinstance(inner, list) else [inner]:
                found += _members(member, rest)
        elif key.startswith(f"{name}."):
            found.append({key[len(name) + 1 :]: inner})
    return found


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Everything an event has at a path, through all lists on the way."""
    if isinstance(value, list):
        for member in value:
            yield from _at(member, path)
    elif not path:
        yield value
    else:
        for member in _members(value, path[0]):
            yield from _at(member, path[1:])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif not isinstance(value, Mapping) and value is not _MISSING:
        yield value


def _equal(rule: Any, value: Any) -> bool:
    if is_number(rule) and is_number(value):
        return bool(rule == value)
    return type(rule) is type(value) and bool(rule == value)
