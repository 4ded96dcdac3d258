"""Function URLs: their configuration and the API that keeps it, in moto's place.

docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from labsupport.functions.api.actions import Actions
from labsupport.functions.api.api_model import Call
from labsupport.functions.api.names import FunctionName, function_name
from labsupport.functions.errors import ServiceError, conflict, no_resource
from labsupport.functions.moto_bridge import exists

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 32


@dataclass(frozen=True)
class FunctionUrl:
    """One function URL.

    Args:
        target: the function, or an alias of it.
        address: where it is called.
        auth_type: "NONE" or "AWS_IAM".
        invoke_mode: "BUFFERED", "RESPONSE_STREAM", or "" where nobody has chosen.
    """

    id: str
    target: FunctionName
    address: str
    auth_type: str
    created: str
    modified: str
    cors: dict[str, Any] | None = None
    invoke_mode: str = ""

    def shown(self) -> dict[str, Any]:
        """The configuration as the API answers it."""
        members = {
            "FunctionUrl": self.address,
            "FunctionArn": self.target.arn,
            "AuthType": self.auth_type,
            "Cors": self.cors,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "InvokeMode": self.invoke_mode or None,
        }
        return {name: value for name, value in members.items() if value is not None}


class FunctionUrls:
    """All function URLs of a lab.

    Args:
        address: gives the address of a URL by its id.
    """

    def __init__(self, address: Callable[[str], str]) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._by_target: dict[FunctionName, FunctionUrl] = {}

    def find(self, url_id: str) -> FunctionUrl | None:
        """The URL with an id; None where there is none."""
        with self._lock:
            known = self._by_target.values()
            return next((url for url in known if url.id == url_id), None)

    def forget(self, arn: str) -> None:
        """Drop the URLs of a deleted function or alias."""
        with self._lock:
            for target in list(self._by_target):
                if arn in (target.arn, target.function_arn):
                    del self._by_target[target]

    def register(self, actions: Actions) -> None:
        """Answer the five actions on function URLs."""
        actions.add(
            CreateFunctionUrlConfig=self._create,
            GetFunctionUrlConfig=self._get,
            UpdateFunctionUrlConfig=self._update,
            DeleteFunctionUrlConfig=self._delete,
            ListFunctionUrlConfigs=self._list,
        )

    def _create(self, call: Call) -> dict[str, Any]:
        target = _existing(call)
        now, url_id = _now(), "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        url = FunctionUrl(
            id=url_id,
            target=target,
            address=self._address(url_id),
            auth_type=call.get("AuthType"),
            created=now,
            modified=now,
            cors=call.get("Cors"),
            invoke_mode=call.get("InvokeMode", ""),
        )
        with self._lock:
            if target in self._by_target:
                raise conflict(
                    f"Failed to create function url config for [functionArn = {target.arn}]. "
                    "Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            self._by_target[target] = url
        shown = url.shown()
        del shown["LastModifiedTime"]
        return shown

    def _get(self, call: Call) -> dict[str, Any]:
        return self._known(_named(call)).shown()

    def _update(self, call: Call) -> dict[str, Any]:
        target = _named(call)
        with self._lock:
            before = self._by_target.get(target)
            if before is None:
                raise no_resource()
            changed = self._by_target[target] = replace(
                before,
                auth_type=call.get("AuthType", before.auth_type),
                cors=call.get("Cors", before.cors),
                invoke_mode=call.get("InvokeMode", before.invoke_mode),
                modified=_now(),
            )
        return changed.shown()

    def _delete(self, call: Call) -> None:
        target = _named(call)
        with self._lock:
            if self._by_target.pop(target, None) is None:
                raise no_resource()

    def _list(self, call: Call) -> dict[str, Any]:
        function = _existing(call)
        with self._lock:
            found = [
                url
                for target, url in self._by_target.items()
                if target.function_arn == function.function_arn
            ]
        marker, most = call.get("Marker"), call.get("MaxItems") or len(found)
        known = [url.id for url in found]
        start = known.index(marker) if marker in known else 0
        page = found[start : start + most]
        answer: dict[str, Any] = {"FunctionUrlConfigs": [url.shown() for url in page]}
        if start + most < len(found):
            answer["NextMarker"] = found[start + most].id
        return answer

    def _known(self, target: FunctionName) -> FunctionUrl:
        with self._lock:
            if target not in self._by_target:
                raise no_resource()
            return self._by_target[target]


def _named(call: Call) -> FunctionName:
    return function_name(
        call.region, call.get("FunctionName"), call.get("Qualifier"), action=call.action
    )


def _existing(call: Call) -> FunctionName:
    target = _named(call)
    if not exists(target):
        raise ServiceError("ResourceNotFoundException", "Function does not exist", 404)
    return target


def _now() -> str:
    """This moment in the form that function URLs have it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
