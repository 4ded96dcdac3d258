"""The runtime client's native module in pure Python, for systems that awslambdaric has none for.

awslambdaric calls these four functions and nothing else. The paths and headers are those of the
Lambda Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
"""

import http.client
import os

_BASE = "/2018-06-01/runtime/invocation/"
_state: dict[str, str] = {}
_connections: list[http.client.HTTPConnection] = []


def initialize_client(user_agent: str) -> None:
    """Remember what to send as User-Agent."""
    _state["User-Agent"] = user_agent


def next() -> tuple[bytes, dict[str, str]]:
    """Wait for the next event; its body and headers. RuntimeError where it can't be had."""
    response, body = _call("GET", "next")
    if response.status != http.client.OK:
        raise RuntimeError(f"Failed to get next invocation, HTTP status {response.status}")
    return body, dict(response.headers.items())


def post_invocation_result(
    invoke_id: str, data: bytes, content_type: str, invocation_id: str | None = None
) -> None:
    """Hand in what the handler returned. Raise RuntimeError if it isn't accepted."""
    headers: dict[str, str | bytes] = {"Content-Type": content_type}
    _post(f"{invoke_id}/response", data, headers, invocation_id, "success")


def post_error(
    invoke_id: str, error: str, xray_fault: str, invocation_id: str | None = None
) -> None:
    """Hand in the error the handler raised. Raise RuntimeError if it isn't accepted."""
    headers: dict[str, str | bytes] = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": xray_fault.replace("\n", " ").encode(),
    }
    _post(f"{invoke_id}/error", error.encode(), headers, invocation_id, "failure")


def _post(
    path: str, data: bytes, headers: dict[str, str | bytes], invocation_id: str | None, kind: str
) -> None:
    if invocation_id:
        headers["Lambda-Runtime-Invocation-Id"] = invocation_id
    response, _ = _call("POST", path, data, headers)
    if response.status != http.client.ACCEPTED:
        raise RuntimeError(
            f"LAMBDA_RUNTIME Failed to post handler {kind} response. "
            f"Http response code: {response.status}."
        )


def _call(
    method: str,
    path: str,
    data: bytes | None = None,
    headers: dict[str, str | bytes] | None = None,
) -> tuple[http.client.HTTPResponse, bytes]:
    if not _connections:
        _connections.append(http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"]))
    connection = _connections[0]
    try:
        connection.request(method, _BASE + path, data, {**_state, **(headers or {})})
        response = connection.getresponse()
        return response, response.read()
    except (http.client.HTTPException, OSError) as error:
        connection.close()
        raise RuntimeError(f"The Runtime API does not answer: {error}") from error
