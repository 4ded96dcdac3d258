"""Where the data plane meets moto. Nothing else in `labsupport.functions` knows moto.

moto keeps functions, roles and logs. Its one choke point for running a function,
`LambdaFunction.invoke`, which its API and all its triggers go through, is led to the data plane;
what moto accepts although AWS refuses it is checked here.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import Any, Protocol

from .errors import ServiceError, invalid_parameter, not_found
from .limits import check_configuration
from .logs import LogEvents
from .model import FunctionVersion
from .packages import check_package

ACCOUNT_ID = "123456789012"
_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?"
)


class Runner(Protocol):
    """The data plane, as moto's triggers need it."""

    def run(self, function: FunctionVersion, invoked_arn: str, payload: bytes) -> Any:
        """Invoke and wait."""

    def retire(self, arn: str) -> None:
        """Shut down the environments of a function that is gone or changed."""

    def check_reservation(self, arn: str, wanted: int) -> None:
        """Refuse reserved concurrency that the account can't give."""


def resolve(region: str, name: str, qualifier: str | None) -> tuple[FunctionVersion, str]:
    """The version of a function that a call means, and the ARN it was called by.

    Args:
        name: a function's name, partial ARN or ARN, a qualifier included or not.
        qualifier: a version, an alias, "$LATEST" or None.

    Raises:
        ServiceError: ResourceNotFoundException where there is no such version.
    """
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import lambda_backends

    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?"
            r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    region = parts["region"] or region
    qualifier = qualifier or parts["qualifier"]
    arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{parts['name']}"
    try:
        found = lambda_backends[ACCOUNT_ID][region].get_function(parts["name"], qualifier)
    except LambdaClientError:
        found = None
    if found is None:
        raise not_found(f"{arn}:{qualifier or '$LATEST'}")
    return _version(found), f"{arn}:{qualifier}" if qualifier else arn


def _version(function: Any) -> FunctionVersion:
    return FunctionVersion(
        arn=f"arn:aws:lambda:{function.region}:{function.account_id}"
        f":function:{function.function_name}",
        version=str(function.version),
        runtime=function.run_time or "",
        handler=function.handler or "",
        timeout_s=int(function.timeout),
        memory_mb=int(function.memory_size),
        code_sha256=function.code_sha_256,
        role_arn=function.role,
        package=lambda: bytes(function.code_bytes),
        variables=dict(function.environment_vars),
        log_group=function.logs_group_name,
        dead_letter_queue=getattr(function, "dead_letter_queue", ""),
    )


def reserved_concurrency(region: str) -> dict[str, int]:
    """Reserved concurrency in a Region, by function ARN, of the functions that have any."""
    from moto.awslambda.models import lambda_backends

    return {
        function.function_arn: int(function.reserved_concurrency)
        for function in lambda_backends[ACCOUNT_ID][region].list_functions()
        if function.reserved_concurrency is not None
    }


def write_log(function: FunctionVersion, stream: str, events: LogEvents) -> None:
    """Append events to a log stream in CloudWatch Logs, making it where it is missing."""
    from moto.logs.models import logs_backends

    logs = logs_backends[ACCOUNT_ID][function.region]
    group = logs.groups.get(function.log_group)
    if group is None or stream not in group.streams:
        logs.ensure_log_group(function.log_group)
        logs.create_log_stream(function.log_group, stream)
    entries = [{"timestamp": when, "message": message} for when, message in events]
    logs.put_log_events(function.log_group, stream, entries)


def role_credentials(function: FunctionVersion) -> Mapping[str, str]:
    """Temporary credentials of the execution role, as the variables a handler finds them in.

    Lambda names the session after the function; a session's name has at least two characters.
    """
    from moto.sts.models import sts_backends

    name = function.name if len(function.name) > 1 else f"{function.name}@lambda_function"
    role = sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=function.region,
        role_session_name=name,
        role_arn=function.role_arn,
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": role.access_key_id,
        "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
        "AWS_SESSION_TOKEN": role.session_token,
    }


class Bridge:
    """moto's Lambda, led to a data plane from `install` until `remove`."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._before: list[tuple[type, str, Any]] = []

    def install(self) -> None:
        """Put the data plane in the place of moto's own way of running functions."""
        from moto.awslambda.exceptions import LambdaClientError
        from moto.awslambda.models import LambdaBackend, LambdaFunction
        from moto.awslambda.responses import LambdaResponse
        from moto.iam.models import IAMBackend

        self._replace(IAMBackend, "_init_aws_policies", _aws_policies)
        self._replace(LambdaFunction, "invoke", self._invoke)
        self._wrap(LambdaFunction, "get_configuration", _configuration)
        self._wrap(LambdaBackend, "create_function", _create_function)
        self._wrap(LambdaBackend, "update_function_code", _update_code)
        self._wrap(LambdaBackend, "update_function_configuration", _update_configuration)
        self._wrap(LambdaBackend, "delete_function", self._delete_function)
        self._wrap(LambdaBackend, "put_function_concurrency", self._reserve)
        self._wrap(LambdaResponse, "delete_alias", _delete_alias)
        self._wrap(LambdaClientError, "__init__", _word_as_lambda)

    def remove(self) -> None:
        """Leave moto as it was."""
        while self._before:
            owner, name, original = self._before.pop()
            setattr(owner, name, original)

    @property
    def _invoke(self) -> Callable[..., bytes]:
        runner = self._runner

        def invoke(function: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
            payload = body.encode() if isinstance(body, str) else bytes(body or b"{}")
            version = _version(function)
            result = runner.run(version, version.arn, payload or b"{}")
            if result.function_error:
                response_headers["x-amz-function-error"] = result.function_error
            response_headers["X-Amz-Executed-Version"] = result.executed_version
            return bytes(result.payload)

        return invoke

    def _reserve(self, original: Any, backend: Any, name: str, wanted: Any) -> Any:
        self._runner.check_reservation(backend.get_function(name).function_arn, int(wanted))
        return original(backend, name, wanted)

    def _delete_function(
        self, original: Any, backend: Any, name: str, qualifier: Any = None
    ) -> None:
        arn = backend.get_function(name, qualifier).function_arn
        original(backend, name, qualifier)
        self._runner.retire(":".join(arn.split(":")[:7]))

    def _replace(self, owner: Any, name: str, function: Any) -> None:
        self._before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, function)

    def _wrap(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(original, *args, **kwargs)
            except ServiceError as error:
                from moto.awslambda.exceptions import LambdaClientError

                refusal = LambdaClientError(error.code, error.message)
                refusal.code = error.status
                raise refusal from None

        self._replace(owner, name, wrapped)


def _create_function(original: Any, backend: Any, spec: Any) -> Any:
    _check_code(backend, spec.get("Code", {}))
    check_configuration(spec)
    created = original(backend, spec)
    for function in (created, backend.get_function(created.function_name)):
        _set_dead_letter_queue(function, spec)
        _revise(function)
    return created


def _update_code(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    _check_code(backend, body)
    function = backend.get_function(name, qualifier)
    _check_revision(function, body)
    answer = original(backend, name, qualifier, body=body)
    _revise(function)
    return answer | _being_updated(function)


def _update_configuration(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    check_configuration(body)
    function = backend.get_function(name, qualifier)
    _check_revision(function, body)
    _set_dead_letter_queue(function, body)
    answer = original(backend, name, qualifier, body=body)
    _revise(function)
    return answer | _being_updated(function)


def _configuration(original: Any, function: Any, on_create: bool = False) -> Any:
    shown = original(function, on_create) | _beyond_moto(function)
    if on_create:
        shown |= _CREATING
        _revise(function)
    return shown


def _delete_alias(original: Any, response: Any) -> Any:
    """An alias need not exist to be deleted, and the answer is 204."""
    from moto.awslambda.exceptions import UnknownFunctionException

    with contextlib.suppress(UnknownFunctionException):
        original(response)
    return 204, {"status": 204}, ""


@cache
def _policies_of_aws(account_id: str, region: str) -> list[Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    return [
        AWSManagedPolicy.from_data(name, account_id, region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    ]


def _aws_policies(backend: Any) -> list[Any]:
    """The policies AWS keeps ready, such as AWSLambdaBasicExecutionRole.

    moto leaves them out unless told otherwise, and then makes all of them for every reset.
    """
    return [copy(policy) for policy in _policies_of_aws(backend.account_id, backend.region_name)]


def _word_as_lambda(original: Callable[..., None], error: Any, code: str, message: str) -> None:
    """Give moto's Lambda errors the members Lambda's have."""
    original(error, code, message)
    members = ServiceError(code, message, error.code).body()
    error.description = json.dumps({"__type": code, **members})


def _check_code(backend: Any, code: Mapping[str, Any]) -> None:
    """Refuse a deployment package that can't be had or unpacked. Images are not looked at."""
    if "ZipFile" in code:
        try:
            check_package(base64.b64decode(code["ZipFile"]))
        except binascii.Error as error:
            raise invalid_parameter("Could not unzip uploaded file.") from error
    elif "S3Bucket" in code:
        check_package(_object(backend, code))


def _object(backend: Any, code: Mapping[str, Any]) -> bytes:
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    try:
        key = s3_backends[backend.account_id]["aws"].get_object(
            code["S3Bucket"], code["S3Key"], version_id=code.get("S3ObjectVersion")
        )
    except S3ClientError as error:
        raise _no_object("NoSuchBucket", "The specified bucket does not exist") from error
    if key is None:
        raise _no_object("NoSuchKey", "The specified key does not exist.")
    return bytes(key.value)


def _no_object(code: str, message: str) -> ServiceError:
    return invalid_parameter(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )


_CREATING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}


def _being_updated(function: Any) -> dict[str, str]:
    """What an update answers: on AWS it isn't over yet; the lab's is at the next look."""
    return {
        "RevisionId": function.revision_id,
        "LastUpdateStatus": "InProgress",
        "LastUpdateStatusReason": "The function is being created.",
        "LastUpdateStatusReasonCode": "Creating",
    }


def _beyond_moto(function: Any) -> dict[str, Any]:
    """The members of a function's configuration that moto doesn't know."""
    runtime = hashlib.sha256(str(function.run_time).encode()).hexdigest()
    shown: dict[str, Any] = {
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": function.logs_group_name},
        "RevisionId": function.revision_id,
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": f"arn:aws:lambda:{function.region}::runtime:{runtime}"
        },
    }
    if target := getattr(function, "dead_letter_queue", ""):
        shown["DeadLetterConfig"] = {"TargetArn": target}
    return shown


def _revise(function: Any) -> None:
    """Give a function a new RevisionId, as every change of it does."""
    function.revision_id = str(uuid.uuid4())


def _check_revision(function: Any, body: Mapping[str, Any]) -> None:
    """Refuse a change made on the ground of an older revision."""
    if body.get("RevisionId") not in (None, "", function.revision_id):
        raise ServiceError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the "
            "GetFunction/GetAlias API to retrieve the latest RevisionId",
            412,
        )


def _set_dead_letter_queue(function: Any, spec: Mapping[str, Any]) -> None:
    """Keep a function's DeadLetterConfig, which moto drops."""
    if "DeadLetterConfig" in spec:
        function.dead_letter_queue = (spec["DeadLetterConfig"] or {}).get("TargetArn") or ""
