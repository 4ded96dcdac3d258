"""A function's VPC settings, completed from moto's EC2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..errors import invalid_parameter


def vpc_config(region: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """VpcConfig as Lambda shows it. The lab's functions run outside of any VPC all the same.

    docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html

    Raises:
        ServiceError: for a subnet that doesn't exist.
    """
    subnets = list(wanted.get("SubnetIds") or [])
    return {
        "SubnetIds": subnets,
        "SecurityGroupIds": list(wanted.get("SecurityGroupIds") or []) if subnets else [],
        "VpcId": _vpc_of(region, subnets[0]) if subnets else "",
        "Ipv6AllowedForDualStack": bool(wanted.get("Ipv6AllowedForDualStack", False)),
    }


def _vpc_of(region: str, subnet: str) -> str:
    from moto.ec2.models import ec2_backends

    found = ec2_backends[ACCOUNT_ID][region].subnets
    for zone in list(found.values()):
        if subnet in zone:
            return str(zone[subnet].vpc_id)
    raise invalid_parameter(
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. "
        f"EC2 Error Message: The subnet ID '{subnet}' does not exist"
    )
