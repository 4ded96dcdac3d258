"""moto's Lambda, led to the data plane, and what moto accepts although AWS refuses it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import Any, Protocol

from labsupport.facts import fact

from ..errors import ServiceError, invalid_parameter
from ..limits import check_configuration
from ..model import FunctionVersion
from ..packages import check_package, check_together
from .lookup import version_of
from .settings import Settings, asked_for, set_settings, settings_of, shown


class Runner(Protocol):
    """The data plane, as moto's triggers need it."""

    def run(self, function: FunctionVersion, invoked_arn: str, payload: bytes) -> Any:
        """Invoke and wait."""

    def retire(self, arn: str) -> None:
        """Shut down the environments of a function that is gone or changed."""

    def check_reservation(self, arn: str, wanted: int) -> None:
        """Refuse reserved concurrency that the account can't give."""


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
        self._wrap(LambdaBackend, "publish_layer_version", _publish_layer)
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
            version = version_of(function)
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
    code = _check_code(backend, spec.get("Code", {}))
    check_configuration(spec)
    settings = Settings(layers=_layers(backend, spec, code), **asked_for(spec))
    created = original(backend, spec)
    for function in (created, backend.get_function(created.function_name)):
        set_settings(function, settings)
    return created


def _update_code(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    code = _check_code(backend, body)
    function = backend.get_function(name, qualifier)
    if code:
        check_together([code, *(layer.code_bytes for layer in settings_of(function).layers)])
    _check_revision(function, body)
    original(backend, name, qualifier, body=body)
    set_settings(function, settings_of(function).revised())
    return function.get_configuration() | _BEING_UPDATED


def _update_configuration(original: Any, backend: Any, name: str, qualifier: Any, body: Any) -> Any:
    check_configuration(body)
    function = backend.get_function(name, qualifier)
    _check_revision(function, body)
    changes = asked_for(body)
    if "Layers" in body:
        changes["layers"] = _layers(backend, body, bytes(function.code_bytes))
    original(backend, name, qualifier, body=body)
    if "EphemeralStorage" in body:
        function.ephemeral_storage = body["EphemeralStorage"]["Size"]
    for member, attribute in (("TracingConfig", "tracing_config"), ("KMSKeyArn", "kms_key_arn")):
        if member in body:
            setattr(function, attribute, body[member])
    set_settings(function, settings_of(function).revised(**changes))
    return function.get_configuration() | _BEING_UPDATED


def _publish_layer(original: Any, backend: Any, spec: Any) -> Any:
    _check_code(backend, spec["Content"])
    return original(backend, spec)


def _configuration(original: Any, function: Any, on_create: bool = False) -> Any:
    configuration: dict[str, Any] = original(function, on_create) | _beyond_moto(function)
    if on_create:  # becoming active is a revision of its own
        set_settings(function, settings_of(function).revised())
        configuration |= _CREATING
    return configuration


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


def _check_code(backend: Any, code: Mapping[str, Any]) -> bytes:
    """Refuse a deployment package that can't be had or unpacked; b"" for an image."""
    if "ZipFile" in code:
        try:
            package = base64.b64decode(code["ZipFile"])
        except binascii.Error as error:
            raise invalid_parameter("Could not unzip uploaded file.") from error
    elif "S3Bucket" in code:
        package = _object(backend, code)
    else:
        return b""
    check_package(package)
    return package


def _layers(backend: Any, spec: Mapping[str, Any], code: bytes) -> tuple[Any, ...]:
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


# What an update answers: on AWS it isn't over yet; the lab's is at the next look.
_BEING_UPDATED = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


def _beyond_moto(function: Any) -> dict[str, Any]:
    """The members of a function's configuration that moto doesn't know."""
    settings = settings_of(function)
    runtime = hashlib.sha256(str(function.run_time).encode()).hexdigest()
    return shown(settings, function.logs_group_name) | {
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": f"arn:aws:lambda:{function.region}::runtime:{runtime}"
        },
        "SnapStart": {
            "ApplyOn": "PublishedVersions" if settings.snap_start else "None",
            "OptimizationStatus": "On" if settings.snap_start and _published(function) else "Off",
        },
    }


def _published(function: Any) -> bool:
    return str(function.version) != "$LATEST"


def _check_revision(function: Any, body: Mapping[str, Any]) -> None:
    """Refuse a change made on the ground of an older revision."""
    if body.get("RevisionId") not in (None, "", settings_of(function).revision_id):
        raise ServiceError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the "
            "GetFunction/GetAlias API to retrieve the latest RevisionId",
            412,
        )
