"""Addresses from which deployment packages and layers can be had, as GetFunction gives them.

On AWS they are presigned addresses of S3, valid for ten minutes; the lab's are its own, valid as
long as the lab and what they are for.
docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from .wsgi import answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_FOLDER = "/_lambda/code/"  # a bucket can't be called that
_QUERY = "X-Amz-Signature"


class Downloads:
    """Serves packages to whoever has been given the address.

    Args:
        endpoint: the lab cloud's address.
        package: gives the bytes of what an ARN names; None where it is gone.
    """

    def __init__(self, endpoint: str, package: Callable[[str, str], bytes | None]) -> None:
        self._endpoint = endpoint
        self._package = package
        self._secret = secrets.token_bytes(32)

    def location(self, arn: str, sha256: str) -> str:
        """The address of the package of a version of a function or layer.

        Args:
            sha256: the digest it has now; the address is not for another one.
        """
        signature = self._signature(arn, sha256)
        path = f"{quote(arn, safe=':')}/{quote(sha256, safe='')}"
        return f"{self._endpoint}{_FOLDER}{path}?{_QUERY}={signature}"

    def wants(self, environ: dict[str, Any]) -> bool:
        """Whether a request is for a package."""
        return str(environ["PATH_INFO"]).startswith(_FOLDER)

    def app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        arn, _, digest = environ["PATH_INFO"].removeprefix(_FOLDER).partition("/")
        given = parse_qs(environ.get("QUERY_STRING", "")).get(_QUERY, [""])[0]
        if not hmac.compare_digest(given.encode(), self._signature(arn, digest).encode()):
            return answer(start_response, 403, [])
        package = self._package(arn, digest)
        if package is None:
            return answer(start_response, 404, [])
        start_response(
            "200 OK",
            [("Content-Type", "application/zip"), ("Content-Length", str(len(package)))],
        )
        return [package]

    def _signature(self, *parts: str) -> str:
        return hmac.digest(self._secret, "\n".join(parts).encode(), "sha256").hex()
