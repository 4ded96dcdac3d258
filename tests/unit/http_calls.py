"""Calls over HTTP to what the lab serves, as a browser or any program makes them."""

from __future__ import annotations

from typing import Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.unit.functions_lab import Lambda


def make_public(functions: Lambda, name: str, **more: Any) -> None:
    add = functions.client.add_permission
    common = {"FunctionName": name, "Principal": "*", **more}
    add(
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        FunctionUrlAuthType="NONE",
        **common,
    )
    add(
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        InvokedViaFunctionUrl=True,
        **common,
    )


def signed(
    url: str, key: Any, method: str = "GET", body: bytes = b"", service: str = "lambda"
) -> dict[str, str]:
    """The headers of a request that is signed with a key."""
    request = AWSRequest(method=method, url=url, data=body)
    SigV4Auth(key, service, "us-east-1").add_auth(request)
    return dict(request.headers)


def url_of(functions: Lambda, name: str = "f") -> str:
    return str(functions.client.get_function_url_config(FunctionName=name)["FunctionUrl"])


def call(url: str, method: str = "GET", **more: Any) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, url, timeout=20, retries=False, redirect=False, **more)
