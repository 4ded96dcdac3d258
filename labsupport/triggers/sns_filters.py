"""Filter policies of SNS subscriptions.

docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .filtering import PatternError, check_pattern, matches


def check_filter_policy(policy: str) -> None:
    """Refuse a filter policy that can't be matched; raise PatternError."""
    try:
        check_pattern(json.loads(policy))
    except ValueError as error:
        reason = str(error) if isinstance(error, PatternError) else "failed to parse JSON."
        raise PatternError(f"Invalid parameter: FilterPolicy: {reason}") from None


def wanted(policy: Mapping[str, Any], scope: str, attributes: Mapping[str, Any], text: str) -> bool:
    """Whether a subscription's filter policy lets a message through.

    Args:
        scope: "MessageAttributes" or "MessageBody", where a body has to be a JSON object.
        attributes: the message's, each with Type and Value.
    """
    if not policy:
        return True
    if scope == "MessageBody":
        try:
            body = json.loads(text)
        except ValueError:
            return False
        return isinstance(body, dict) and matches(policy, body)
    values = {name: _value(attribute) for name, attribute in attributes.items()}
    return matches(policy, {name: value for name, value in values.items() if value is not None})


def _value(attribute: Mapping[str, Any]) -> Any:
    """A message attribute as a policy sees it; None for a binary one, which is ignored."""
    kind, value = attribute["Type"], attribute["Value"]
    if kind.startswith("Binary"):
        return None
    if kind.startswith("Number"):
        return float(value)
    if kind == "String.Array":
        try:
            found = json.loads(value)
        except ValueError:
            return None
        return found if isinstance(found, list) else [found]
    return value
