"""Condition operators of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable
from datetime import UTC, datetime

from .policies import Context, Statement, like, substituted

Test = Callable[[str, str, Context | None], bool]
"""Whether a value of the request meets a value of the policy; the context is for variables."""


def hold(statement: Statement, context: Context) -> bool:
    """Whether all conditions of a statement hold in a request's context."""
    variables = context if statement.variables else None
    return all(
        _holds(name, context.get(key), wanted, variables)
        for name, key, wanted in statement.conditions
    )


def _holds(
    name: str,
    found: str | tuple[str, ...] | None,
    wanted: tuple[str, ...],
    variables: Context | None,
) -> bool:
    if name == "Null":
        return str(found is None).lower() in (value.lower() for value in wanted)
    quantifier, _, name = name.rpartition(":")
    name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
    if name not in _TESTS:
        return False
    test, negated = _TESTS[name]
    if found is None:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    values = (found,) if isinstance(found, str) else found
    met = [any(test(value, w, variables) for w in wanted) != negated for value in values]
    # An operator without ForAllValues or ForAnyValue is for keys with one value.
    return all(met) if quantifier == "ForAllValues" or (negated and not quantifier) else any(met)


def _equals(value: str, wanted: str, variables: Context | None) -> bool:
    return value == substituted(wanted, variables)


def _equals_ignoring_case(value: str, wanted: str, variables: Context | None) -> bool:
    text = substituted(wanted, variables)
    return text is not None and value.lower() == text.lower()


def _arn_like(value: str, wanted: str, variables: Context | None) -> bool:
    """Each of an ARN's six parts is matched by itself, so that a * doesn't reach over a colon."""
    parts, patterns = value.split(":", 5), _arn_parts(wanted)
    return len(parts) == len(patterns) == 6 and all(
        like(pattern, part, variables) for part, pattern in zip(parts, patterns, strict=True)
    )


def _arn_parts(pattern: str) -> list[str]:
    """Split at the colons outside of ${…}."""
    parts, depth = [""], 0
    for at, character in enumerate(pattern):
        depth += pattern.startswith("${", at) - (character == "}" and depth > 0)
        if character == ":" and not depth and len(parts) < 6:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str, variables: Context | None) -> bool:
        try:
            return compare(float(value), float(wanted))
        except ValueError:
            return False

    return test


def _date(compare: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str, variables: Context | None) -> bool:
        try:
            return compare(_seconds(value), _seconds(wanted))
        except ValueError:
            return False

    return test


def _seconds(date: str) -> float:
    """Seconds since 1970 of a date in ISO 8601, or given as such seconds."""
    try:
        return float(date)
    except ValueError:
        moment = datetime.fromisoformat(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _bool(value: str, wanted: str, variables: Context | None) -> bool:
    return value.lower() == wanted.lower()


def _in_network(value: str, wanted: str, variables: Context | None) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_ORDERS = {
    "Equals": (operator.eq, False),
    "NotEquals": (operator.eq, True),
    "LessThan": (operator.lt, False),
    "LessThanEquals": (operator.le, False),
    "GreaterThan": (operator.gt, False),
    "GreaterThanEquals": (operator.ge, False),
}
_TESTS: dict[str, tuple[Test, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (lambda value, wanted, variables: like(wanted, value, variables), False),
    "StringNotLike": (lambda value, wanted, variables: like(wanted, value, variables), True),
    "BinaryEquals": (_equals, False),
    "Bool": (_bool, False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    **{f"Numeric{name}": (_number(order), negated) for name, (order, negated) in _ORDERS.items()},
    **{f"Date{name}": (_date(order), negated) for name, (order, negated) in _ORDERS.items()},
}
