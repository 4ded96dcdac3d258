"""boto3 clients with the rights of a role, for what services do on somebody's behalf."""

from __future__ import annotations

from typing import Any

import boto3

from labsupport.credentials import ACCOUNT_ID


def role_client(service: str, region: str, role_arn: str, endpoint: str, session: str) -> Any:
    """A boto3 client that acts as a role.

    Args:
        session: names the role's session.
    """
    from moto.sts.models import sts_backends

    role = sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=region,
        role_session_name=session,
        role_arn=role_arn,
        policy="",
        duration=3600,
        external_id="",
    )
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=role.access_key_id,
        aws_secret_access_key=role.secret_access_key,
        aws_session_token=role.session_token,
    )


def role_exists(role_arn: str) -> bool:
    """Whether there is a role."""
    from moto.iam.models import iam_backends

    roles = iam_backends[ACCOUNT_ID]["aws"].roles
    return any(role.arn == role_arn for role in list(roles.values()))
