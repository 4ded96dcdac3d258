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


def check_logging(logging: Mapping[str, Any], log_format: str) -> None:
    """Refuse a LoggingConfig whose members don't go together.

    docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html

    Args:
        log_format: the format the function has had, "Text" or "JSON".

    Raises:
        ServiceError: with AWS's code and message.
    """
    named = "ApplicationLogLevel" in logging or "SystemLogLevel" in logging
    if named and logging.get("LogFormat", log_format) == "Text":
        raise invalid_parameter(
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
            'request or change the LogFormat to "JSON" and try again.'
        )


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
