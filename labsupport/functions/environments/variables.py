"""The environment variables of an execution environment."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import FunctionVersion
from ..processes import runtime_programs
from ..processes.runtime_programs import Place

# docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: "reserved environment variables".
RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)


# Settings of the SDKs that would lead a handler's calls out of the lab.
_LEADING_OUT = (
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)


def environment_variables(
    function: FunctionVersion,
    *,
    runtime_api: str,
    log_stream: str,
    place: Place,
    runtime_root: str,
    credentials: Mapping[str, str],
    lab_variables: Mapping[str, str],
    initialization_type: str = "on-demand",
) -> dict[str, str]:
    """All variables a handler sees: Lambda's, the function's own, the credentials of its role.

    The values are those recorded from the service where the lab has the same thing; `lab_variables`
    come on top and win, so that boto3 in a handler reaches the lab cloud and nothing else.

    Args:
        runtime_api: host and port of the environment's Runtime API.
        place: where its folders are.
    """
    language = "/var/lang" if place.isolated else ""
    proxies = any(name.lower().endswith("_proxy") for name in function.variables)
    log_names = {  # environments with a snapshot in common have no log stream in common
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
    }
    logging = {
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": function.application_log_level,
    }
    past_proxies = dict.fromkeys(("NO_PROXY", "no_proxy"), "*") if proxies else {}
    return {
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{language}/bin:/usr/local/bin:/usr/bin/:/bin:{place.opt}/bin",
        "PWD": place.task_root,
        "SHLVL": "0",
        **runtime_programs.variables(function, place, runtime_root),
        **{k: v for k, v in function.variables.items() if not k.startswith(_LEADING_OUT)},
        "_HANDLER": function.handler,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization_type,
        **({} if initialization_type == "snap-start" else log_names),
        **(logging if function.log_format == "JSON" else {}),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_RUNTIME_DIR": runtime_root,
        "LAMBDA_TASK_ROOT": place.task_root,
        **credentials,
        **lab_variables,
        **past_proxies,
    }
