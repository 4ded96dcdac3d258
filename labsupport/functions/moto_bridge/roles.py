"""Execution roles as Lambda checks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.iam import Ask, Caller, decide
from labsupport.iam.moto_policies import trust_policy

from ..errors import invalid_parameter

_LAMBDA = Caller(arn="", service="lambda.amazonaws.com")


def check_role(spec: Mapping[str, Any]) -> None:
    """Refuse a role that doesn't trust Lambda.

    docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    role = spec.get("Role")
    trust = trust_policy(role) if role else None
    if trust is not None and decide(Ask("sts:AssumeRole", str(role)), _LAMBDA, trust, trust=True):
        raise invalid_parameter("The role defined for the function cannot be assumed by Lambda.")
