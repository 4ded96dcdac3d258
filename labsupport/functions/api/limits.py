"""Lambda's limits on what a function may be configured as, refused in AWS's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labsupport.facts import fact

from ..environments.variables import RESERVED
from ..errors import invalid_parameter
from .runtimes import Change, check_runtime

_NOT_IN_THE_LAB = (
    "AcceleratorConfig",
    "CapacityProviderConfig",
    "DurableConfig",
    "RuntimeConfig",
    "TenancyConfig",
)


def check_configuration(spec: Mapping[str, Any], change: Change) -> None:
    """Refuse settings that Lambda refuses when a function is created or configured.

    Args:
        spec: the parameters of the call, Runtime also where the call leaves it as it was.

    Raises:
        ServiceError: with AWS's code and message.
    """
    _check_known(spec)
    _check_variables((spec.get("Environment") or {}).get("Variables") or {})
    runtime = spec.get("Runtime")
    if runtime:
        check_runtime(runtime, change)


def _check_known(spec: Mapping[str, Any]) -> None:
    """Settings that AWS has and the lab hasn't are refused rather than passed over."""
    for name in _NOT_IN_THE_LAB:
        if spec.get(name):
            raise invalid_parameter(
                f"The lab has nothing for {name}: leave it out here; on AWS it would take effect."
            )


def check_package_type(spec: Mapping[str, Any], package_type: str = "") -> None:
    """Refuse parameters that don't go with a .zip archive or with a container image.

    docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html

    Args:
        package_type: of the function, where there is one already.

    Raises:
        ServiceError: with AWS's code and message.
    """
    of_zip = [name for name in ("Runtime", "Handler", "Layers") if spec.get(name)]
    if (package_type or spec.get("PackageType", "Zip")) == "Image":
        if of_zip:
            raise invalid_parameter(
                "Please don't provide Handler or Runtime or Layer when the intended function "
                "PackageType is Image."
            )
        return
    if spec.get("ImageConfig"):
        raise invalid_parameter("Please don't provide ImageConfig when packageType is set as Zip.")
    if not package_type and not {"Runtime", "Handler"} <= set(of_zip):
        raise invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment "
            "packages."
        )
    if not package_type and spec.get("Code", {}).get("ImageUri"):
        raise invalid_parameter("Please provide a source for function code.")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse more tags than a function may have.

    Raises:
        ServiceError: with AWS's code and message.
    """
    if len(tags) > int(fact("limits.tags").value):
        raise invalid_parameter("Number of tags exceeds resource tag limit.")


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


def check_snap_start(spec: Mapping[str, Any], wanted: bool) -> None:
    """Refuse SnapStart for a function that can't have it.

    docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes

    Args:
        spec: the function's settings by their names in the API.
        wanted: whether SnapStart applies to its published versions.

    Raises:
        ServiceError: with AWS's code.
    """
    if not wanted:
        return
    most_mb = fact("snapstart.ephemeral_max_mb").value
    if spec.get("PackageType") == "Image":
        unfit = "ContainerImage"
    elif spec.get("Runtime") not in fact("snapstart.runtimes").value:
        unfit = str(spec.get("Runtime"))
    elif (spec.get("EphemeralStorage") or {}).get("Size", most_mb) > most_mb:
        unfit = f"EphemeralStorage larger than {most_mb} MB"
    elif spec.get("FileSystemConfigs"):
        unfit = "FileSystemConfigs"
    else:
        return
    raise invalid_parameter(f"{unfit} is not supported for SnapStart enabled functions.")


def _check_variables(variables: Mapping[str, str]) -> None:
    """docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    text = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    kilobytes = int(fact("config.env_max_kb").value)
    if len(text.encode()) > kilobytes * 1024:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the {kilobytes}KB limit. String measured: {text}"
        )
