"""Lambda's limits on what a function may be configured as, refused in AWS's words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from labsupport.facts import fact

from .errors import ServiceError, invalid_parameter
from .variables import RESERVED

_VARIABLE = re.compile("[a-zA-Z]([a-zA-Z0-9_])+")


def check_configuration(spec: Mapping[str, Any]) -> None:
    """Refuse settings that Lambda refuses when a function is created or configured.

    Raises:
        ServiceError: with AWS's code and message.
    """
    _check_variables((spec.get("Environment") or {}).get("Variables") or {})


def _check_variables(variables: Mapping[str, str]) -> None:
    """docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    if not all(map(_VARIABLE.fullmatch, variables)):
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'environment.variables' failed to satisfy "
            "constraint: Map keys must satisfy constraint: [Member must satisfy regular expression "
            f"pattern: {_VARIABLE.pattern}, Member must not be null]",
        )
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    kilobytes = int(fact("config.env_max_kb").value)
    if len(text.encode()) > kilobytes * 1024:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the {kilobytes}KB limit. String measured: {text}"
        )
