"""The deployment package that a call brings or names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact

from ..environments.packages import check_package
from ..errors import ServiceError, invalid_parameter
from .lookup import storage


def package_in(code: Mapping[str, Any]) -> bytes:
    """The .zip archive that a call brings or names, checked; b"" for a container image.

    Args:
        code: Code of CreateFunction, Content of PublishLayerVersion or UpdateFunctionCode itself.

    Raises:
        ServiceError: for an archive that can't be had or unpacked, or is too large.
    """
    if code.get("ZipFile") is not None:
        package = _uploaded(code["ZipFile"])
    elif code.get("S3Bucket") and code.get("S3Key"):
        package = _object(code)
    elif code.get("ImageUri"):
        return b""
    else:
        raise invalid_parameter("Please provide a source for function code.")
    check_package(package)
    return package


def set_package(function: Any, package: bytes) -> None:
    """Give one of moto's functions a deployment package."""
    digest = hashlib.sha256(package)
    function.code_bytes = package
    function.code_size = len(package)
    function.code_sha_256 = base64.b64encode(digest.digest()).decode()
    function.code_digest = digest.hexdigest()
    function.code = {"S3Key": f"{function.function_name}-{uuid.uuid4()}"}


def check_storage(region: str, size: int) -> None:
    """Refuse a package for which the Region has no room left.

    docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

    Raises:
        ServiceError: CodeStorageExceededException.
    """
    most = int(fact("code.storage_gb").value) * 1024**3
    if storage(region)[1] + size > most:
        raise ServiceError("CodeStorageExceededException", "Code storage limit exceeded.")


def _uploaded(text: str) -> bytes:
    try:
        package = base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise invalid_parameter("Could not unzip uploaded file.") from error
    most = int(fact("code.zip_direct_mb").value) * 1024 * 1024
    if len(package) > most:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"Zipped size must be smaller than {most} bytes",
            413,
        )
    return package


def _object(code: Mapping[str, Any]) -> bytes:
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    try:
        key = s3_backends[ACCOUNT_ID]["aws"].get_object(
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
