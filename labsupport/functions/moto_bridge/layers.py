"""Layers, where moto accepts what AWS refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.facts import fact

from ..errors import invalid_parameter
from ..packages import check_together
from .code import check_code


def publish_layer(original: Any, backend: Any, spec: Any) -> Any:
    """Publish a version of a layer, as API_PublishLayerVersion."""
    check_code(backend, spec["Content"])
    return original(backend, spec)


def layers_of(backend: Any, spec: Mapping[str, Any], code: bytes) -> tuple[Any, ...]:
    """The layer versions a function asks for, refused where AWS refuses them.

    docs.aws.amazon.com/lambda/latest/dg/adding-layers.html
    """
    wanted = spec.get("Layers") or []
    most = int(fact("layers.max").value)
    if len(wanted) > most:
        raise invalid_parameter(f"Cannot reference more than {most} layers.")
    found = [backend.layers_versions_by_arn(arn) for arn in wanted]
    for arn, layer in zip(wanted, found, strict=True):
        if layer is None:
            raise invalid_parameter(f"Layer version {arn} does not exist.")
    if found and code:
        check_together([code, *(layer.code_bytes for layer in found)])
    return tuple(found)
