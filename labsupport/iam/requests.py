"""HTTP requests to AWS's services, read: which operation, in which Region, with what parameters.

Each of AWS's protocols names the operation in a place of its own; where it is the path, botocore's
model of the service tells them apart. https://smithy.io/2.0/aws/protocols/index.html
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from labsupport.credentials import ACCOUNT_ID, is_this_machine

_CBOR_PATH = re.compile(r"/service/\w+/operation/(\w+)")
_FORM_KEY = re.compile(rb'(?i)name="key"\r\n\r\n([^\r\n]+)')
# Tens of megabytes of code, of which no permission depends.
_BODY_UNREAD = {"UpdateFunctionCode", "PublishLayerVersion"}


@dataclass(frozen=True)
class Call:
    """One call of an operation.

    Args:
        service: the name in the signature, for instance "dynamodb" for its streams too.
        operation: "" where it isn't known.
        parameters: by their names in the API; of the query protocol as it flattens them.
        headers: in lower case.
    """

    service: str
    region: str
    operation: str
    method: str = "POST"
    path: str = "/"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self, *names: str) -> str:
        """The first of some parameters that is there, as text; "" where none is."""
        for name in names:
            if value := self.parameters.get(name):
                return str(value)
        return ""

    def arn(self, resource: str, service: str = "") -> str:
        """An ARN in this Region and account."""
        return f"arn:aws:{service or self.service}:{self.region}:{ACCOUNT_ID}:{resource}"


@dataclass(frozen=True)
class _Operation:
    name: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    needed_query: frozenset[str]
    needed_headers: frozenset[str]
    shape: Any


def read(environ: dict[str, Any]) -> Call:
    """The call that a request is. Its body can still be read from `wsgi.input` afterwards."""
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    region, service = _scope(environ, query)
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    method = environ["REQUEST_METHOD"]
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }

    def call(operation: str, parameters: Mapping[str, Any]) -> Call:
        return Call(service, region, operation, method, path, parameters, headers)

    if target := headers.get("x-amz-target"):
        return call(target.rpartition(".")[2], _json(body(environ)))
    if found := _CBOR_PATH.fullmatch(path):
        return call(found[1], {})
    content_type: str = environ.get("CONTENT_TYPE", "")
    if service == "s3":
        path = _with_bucket(environ.get("HTTP_HOST", ""), path)
        if content_type.startswith("multipart/form-data"):
            return call("PostObject", {"Bucket": path.strip("/"), "Key": _key_of_form(environ)})
    elif content_type.startswith("application/x-www-form-urlencoded") or "Action" in query:
        form = dict(parse_qsl(body(environ).decode("utf-8", "replace"), keep_blank_values=True))
        # SQS also takes calls at the queue's own address.
        parameters = {"QueueUrl": path, **query, **form}
        return call(parameters.get("Action", ""), parameters)
    operation, in_path = _operation(service, method, path, query, headers)
    if operation is None:
        return call("", query)
    return call(operation.name, _parameters(operation, in_path, query, headers, environ))


def _scope(environ: Mapping[str, Any], query: Mapping[str, str]) -> tuple[str, str]:
    """Region and service a request is signed for; only S3 still knows older signatures."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    credential = authorization.partition("Credential=")[2].partition(",")[0]
    parts = (credential or query.get("X-Amz-Credential", "")).split("/")
    return (parts[2], parts[3].lower()) if len(parts) == 5 else ("us-east-1", "s3")


def _operation(
    service: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[_Operation | None, dict[str, str]]:
    for operation in _operations(service):
        if (
            operation.method == method
            and operation.needed_query <= query.keys()
            and operation.needed_headers <= headers.keys()
            and operation.query.items() <= query.items()
            and (found := operation.path.fullmatch(path))
        ):
            return operation, found.groupdict()
    return None, {}


@cache
def _operations(service: str) -> list[_Operation]:
    """The operations of a service with a REST protocol, the more particular ones first."""
    from botocore.exceptions import UnknownServiceError
    from botocore.session import get_session

    try:
        model = get_session().get_service_model(service)
    except UnknownServiceError:
        return []
    found = [_described(model.operation_model(name)) for name in model.operation_names]
    return sorted(found, key=lambda o: -len(o.query) - len(o.needed_query) - len(o.needed_headers))


def _described(model: Any) -> _Operation:
    parts = urlsplit(model.http["requestUri"])
    pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", _group, re.escape(parts.path.rstrip("/")))
    needed: dict[str, set[str]] = {"querystring": set(), "header": set()}
    shape = model.input_shape
    for name in shape.required_members if shape else ():
        serialization = shape.members[name].serialization
        if serialization.get("location") in needed:
            needed[serialization["location"]].add(serialization.get("name", name))
    return _Operation(
        name=model.name,
        method=model.http["method"],
        path=re.compile(pattern + "/?", re.DOTALL),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        needed_query=frozenset(needed["querystring"]),
        needed_headers=frozenset(name.lower() for name in needed["header"]),
        shape=shape,
    )


def _group(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>.+)" if found[2] else f"(?P<{found[1]}>[^/]+)"


def _parameters(
    operation: _Operation,
    in_path: Mapping[str, str],
    query: Mapping[str, str],
    headers: Mapping[str, str],
    environ: dict[str, Any],
) -> dict[str, Any]:
    if operation.shape is None:
        return {}
    found: dict[str, Any] = {}
    json_body = environ.get("CONTENT_TYPE", "application/json").startswith("application/json")
    if json_body and "payload" not in operation.shape.serialization:
        found |= _json(body(environ)) if operation.name not in _BODY_UNREAD else {}
    sources = {"uri": in_path, "querystring": query, "header": headers}
    for name, member in operation.shape.members.items():
        place, key = member.serialization.get("location"), member.serialization.get("name", name)
        key = key.lower() if place == "header" else key
        if place in sources and key in sources[place]:
            found[name] = sources[place][key]
    return found


def body(environ: dict[str, Any]) -> bytes:
    """A request's body, which can be read again."""
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH")
    if length:
        data: bytes = stream.read(int(length))
    else:
        data = stream.read() if "HTTP_TRANSFER_ENCODING" in environ else b""
    environ["wsgi.input"] = io.BytesIO(data)
    return data


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data or b"{}")
    except (ValueError, RecursionError):  # the service itself will refuse it
        return {}
    return found if isinstance(found, dict) else {}


def _with_bucket(host: str, path: str) -> str:
    """A path with the bucket that a host name such as "bucket.localhost" names."""
    name = host.partition(":")[0]
    if is_this_machine(name) or not re.search(r"\.(s3[.-]|localhost$)", name):
        return path
    return f"/{re.split(r'[.](?:s3[.-]|localhost$)', name)[0]}{path}"


def _key_of_form(environ: Mapping[str, Any]) -> str:
    stream = environ["wsgi.input"]
    head = bytes(stream.peek() if hasattr(stream, "peek") else stream.getbuffer()[: 64 * 1024])
    found = _FORM_KEY.search(head)
    return unquote(found[1].decode("utf-8", "replace")) if found else ""
