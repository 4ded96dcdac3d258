"""What is an event pattern and what isn't, with the reasons EventBridge gives.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

_TEXT_MATCHERS = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
_MATCHERS = _TEXT_MATCHERS | {"anything-but", "numeric", "exists", "cidr"}
_SIGNS = ("=", "<", "<=", ">", ">=")
_ONE_VALUE = "Value of anything-but must be an array or single string/number value."


class PatternError(ValueError):
    """Why a pattern isn't one, in the words EventBridge gives after "Reason: "."""


def check_pattern(
    pattern: Any, *, without: frozenset[str] = frozenset(), plain_anything_but: bool = False
) -> None:
    """Refuse a pattern that isn't one.

    Args:
        pattern: what the pattern's JSON text means.
        without: operators that this kind of filter doesn't have.
        plain_anything_but: whether anything-but takes values alone, no further operator.

    Raises:
        PatternError: with EventBridge's reason.
    """
    if not isinstance(pattern, Mapping):
        raise PatternError("Filter is not an object")
    if not pattern:
        raise PatternError("Empty objects are not allowed")
    for name, rule in pattern.items():
        if is_or(name, rule):
            for alternative in rule:
                check_pattern(alternative, without=without, plain_anything_but=plain_anything_but)
        elif isinstance(rule, Mapping):
            check_pattern(rule, without=without, plain_anything_but=plain_anything_but)
        elif not isinstance(rule, list):
            raise PatternError(f'"{name}" must be an object or an array')
        elif not rule:
            raise PatternError("Empty arrays are not allowed")
        else:
            for matcher in rule:
                _check_matcher(matcher, without, plain_anything_but)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def listed(value: Any) -> list[Any]:
    """A list as it is, anything else as the one member of a list."""
    return value if isinstance(value, list) else [value]


def is_or(name: str, rule: Any) -> bool:
    """Whether a key is the operator $or; with fewer than two objects it is a name like others."""
    return (
        name == "$or"
        and isinstance(rule, list)
        and len(rule) > 1
        and all(isinstance(one, Mapping) and not (_MATCHERS & one.keys()) for one in rule)
    )


def _check_matcher(matcher: Any, without: frozenset[str], plain_anything_but: bool) -> None:
    if isinstance(matcher, list):
        raise PatternError("Match value must be String, number, true, false, or null")
    if not isinstance(matcher, Mapping):
        return
    if len(matcher) != 1:
        raise PatternError(
            "Only one key allowed in match expression" if matcher else "Empty match expression"
        )
    ((operator, operand),) = matcher.items()
    if operator not in _MATCHERS - without:
        raise PatternError(f"Unrecognized match type {operator}")
    if operator == "exists":
        if not isinstance(operand, bool):
            raise PatternError("exists match pattern must be either true or false.")
    elif operator == "numeric":
        _check_numeric(operand)
    elif operator == "anything-but":
        _check_anything_but(operand, plain_anything_but)
    elif operator == "cidr":
        _check_cidr(operand)
    else:
        _check_text(operator, operand)


def _check_text(operator: str, operand: Any) -> None:
    if operator in ("prefix", "suffix") and isinstance(operand, Mapping):
        operand = operand.get("equals-ignore-case") if len(operand) == 1 else None
    if not isinstance(operand, str):
        raise PatternError(f"{operator} match pattern must be a string")
    if operator == "wildcard":
        _check_wildcard(operand)


def _check_numeric(operand: Any) -> None:
    if not isinstance(operand, list):
        raise PatternError("Value of numeric must be an array.")
    if not operand:
        raise PatternError("Invalid member in numeric match: ]")
    signs, bounds = operand[::2], operand[1::2]
    for number, sign in enumerate(signs[:2]):
        if sign not in _SIGNS:
            raise PatternError(f"Unrecognized numeric range operator: {sign}")
        if number and (sign[0] not in "<>" or signs[0][0] in ("=", sign[0])):
            raise PatternError(f"Bad numeric range operator: {sign}")
        if len(bounds) <= number or not is_number(bounds[number]):
            raise PatternError(f"Value of {_word(sign)} must be numeric")
    if len(operand) > 4 or (signs[0] == "=" and len(operand) > 2):
        raise PatternError("Too many elements in numeric expression")
    if len(bounds) == 2:
        bottom, top = bounds if signs[0][0] == ">" else bounds[::-1]
        if bottom >= top:
            raise PatternError("Bottom must be less than top")


def _word(sign: str) -> str:
    return "equals" if sign == "=" else sign


def _check_anything_but(operand: Any, plain: bool) -> None:
    if isinstance(operand, Mapping):
        if plain or len(operand) != 1:
            raise PatternError(_ONE_VALUE)
        ((operator, texts),) = operand.items()
        if operator not in _TEXT_MATCHERS:
            raise PatternError(f"Unsupported anything-but pattern: {operator}")
        if isinstance(texts, Mapping) or texts == []:
            raise PatternError(_ONE_VALUE)
        for text in listed(texts):
            if not isinstance(text, str):
                raise PatternError(_not_text(operator))
            if not text and operator in ("prefix", "suffix"):
                raise PatternError("Null prefix/suffix not allowed")
            if operator == "wildcard":
                _check_wildcard(text)
        return
    values = listed(operand)
    if not values or (not isinstance(operand, list) and not _is_text_or_number(operand)):
        raise PatternError(_ONE_VALUE)
    if not all(map(_is_text_or_number, values)):
        raise PatternError("Inside anything but list, start|null|boolean is not supported.")


def _not_text(operator: str) -> str:
    if operator == "equals-ignore-case":
        return (
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not "
            "supported."
        )
    name = "wildcard" if operator == "wildcard" else "prefix/suffix"
    return f"{name} match pattern must be a string"


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str) or is_number(value)


def _check_cidr(operand: Any) -> None:
    if not isinstance(operand, str):
        raise PatternError("prefix match pattern must be a string")
    address, slash, mask = operand.partition("/")
    if not slash or "/" in mask:
        raise PatternError("Malformed CIDR, one '/' required")
    if not mask.isdecimal():
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    try:
        longest = ipaddress.ip_address(address).max_prefixlen
    except ValueError:
        raise PatternError(f"Nonstandard IP address: {address}") from None
    if int(mask) > longest:
        raise PatternError(f"Malformed CIDR, mask bits must be between 0 and {longest}")


def _check_wildcard(text: str) -> None:
    if (star := re.search(r"(?<!\\)\*\*", text)) is not None:
        raise PatternError(f"Consecutive wildcard characters at pos {star.start()}")
    rest = re.sub(r"\\[*\\]", "__", text)
    if (slash := rest.find("\\")) >= 0:
        raise PatternError(f"Invalid escape character at pos {slash}")
