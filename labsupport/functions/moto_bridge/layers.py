"""The layers a function uses.

docs.aws.amazon.com/lambda/latest/dg/adding-layers.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact

from ..environments.packages import check_together
from ..errors import access_denied, invalid_parameter
from .store import layer_version


def layers_of(region: str, arns: Sequence[str], code: bytes) -> tuple[Any, ...]:
    """moto's layer versions that a function asks for, refused where AWS refuses them.

    Args:
        code: the function's own package; b"" where it has none.

    Raises:
        ServiceError: with AWS's code and message.
    """
    most = int(fact("layers.max").value)
    if len(arns) > most:
        raise invalid_parameter(f"Cannot reference more than {most} layers.")
    found = [_layer(region, arn) for arn in arns]
    _check_once_each(arns)
    if found and code:
        check_together([code, *(layer.code_bytes for layer in found)])
    return tuple(found)


def _layer(region: str, arn: str) -> Any:
    its_region, account, _, name, version = arn.split(":")[3:8]
    if account != ACCOUNT_ID:
        raise access_denied("lambda:GetLayerVersion", arn)
    if its_region != region:
        raise invalid_parameter(
            "Layers are not in the same region as the function. "
            f"Layers are expected to be in region {region}."
        )
    found = layer_version(region, name, int(version))
    if found is None:
        raise invalid_parameter(f"Layer version {arn} does not exist.")
    return found


def _check_once_each(arns: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for arn in arns:
        layer = arn.rpartition(":")[0]
        if layer in seen:
            raise invalid_parameter(
                "Two different versions of the same layer are not allowed to be referenced in the "
                f"same function. {seen[layer]} and {arn} are versions of the same layer."
            )
        seen[layer] = arn
