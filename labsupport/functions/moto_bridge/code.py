"""The deployment package that a call brings or names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ..errors import ServiceError, invalid_parameter
from ..packages import check_package


def check_code(backend: Any, code: Mapping[str, Any]) -> bytes:
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
