"""Execution roles as Lambda checks them."""

from __future__ import annotations

from labsupport.credentials import ACCOUNT_ID
from labsupport.iam import Ask, Caller, decide
from labsupport.iam.moto_policies import trust_policy

from ..errors import ServiceError, invalid_parameter

_LAMBDA = Caller(arn="", service="lambda.amazonaws.com")


def check_role(role: str) -> None:
    """Refuse a role that isn't there or doesn't trust Lambda.

    docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html

    Args:
        role: its ARN.
    """
    from moto.iam.exceptions import NotFoundException
    from moto.iam.models import iam_backends

    if role.split(":")[4] != ACCOUNT_ID:
        message = "Cross-account pass role is not allowed."
        raise ServiceError("AccessDeniedException", message, 403)
    refusal = invalid_parameter("The role defined for the function cannot be assumed by Lambda.")
    try:
        iam_backends[ACCOUNT_ID]["aws"].get_role_by_arn(role)
    except NotFoundException as error:
        raise refusal from error
    trust = trust_policy(role)
    if trust is not None and decide(Ask("sts:AssumeRole", role), _LAMBDA, trust, trust=True):
        raise refusal
