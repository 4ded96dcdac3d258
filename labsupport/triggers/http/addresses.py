"""Where the lab's function URLs and APIs are found.

- A function URL is https://ID.lambda-url.REGION.on.aws/ on AWS, and ENDPOINT/_lambda-url/ID/ here.
- A stage of a REST API is https://ID.execute-api.REGION.amazonaws.com/STAGE/ on AWS, and
  ENDPOINT/_execute-api/ID/STAGE/ here.
- An HTTP API's $default stage is https://ID.execute-api.REGION.amazonaws.com/ on AWS, and
  ENDPOINT/_execute-api/ID/ here; its other stages are found as those of a REST API.

ENDPOINT is the lab's own, http://127.0.0.1:PORT, since that alone is understood by every program:
browsers and curl also find names such as ID.lambda-url.REGION.localhost, but Python finds them
only where the operating system does, and many Linux systems don't. Such a name is answered too
(http://ID.lambda-url.us-east-1.localhost:PORT/), for pages whose links begin with a slash.

No bucket can be called _lambda-url, so nothing of S3 is hidden. Events hold the host names and
paths of AWS, without the lab's prefix.
"""

from __future__ import annotations

import re
from typing import Any

FUNCTION_URL = "lambda-url"
API = "execute-api"

_PATH = re.compile(r"/_(?P<kind>lambda-url|execute-api)/(?P<id>[a-z0-9]+)(?P<rest>/.*)?")
_HOST = re.compile(
    r"(?P<id>[a-z0-9]+)\.(?P<kind>lambda-url|execute-api)\.[a-z0-9-]+\.localhost(:\d+)?"
)


def function_url(endpoint: str, url_id: str) -> str:
    """The address of a function URL."""
    return f"{endpoint}/_{FUNCTION_URL}/{url_id}/"


def api_url(endpoint: str, api_id: str) -> str:
    """The address of a REST or HTTP API, without a stage and without a slash at its end."""
    return f"{endpoint}/_{API}/{api_id}"


def place(environ: dict[str, Any], kind: str) -> tuple[str, str] | None:
    """The id of the function URL or API that a request is for, and the path within it.

    Args:
        kind: `FUNCTION_URL` or `API`.

    Returns:
        The path as it was sent, with percent signs; None where the request is for neither.
    """
    if not environ["PATH_INFO"].startswith("/_" + kind[0]) and kind not in environ.get(
        "HTTP_HOST", ""
    ):
        return None
    path = raw_path(environ)
    if (named := _HOST.fullmatch(environ.get("HTTP_HOST", "").lower())) and named["kind"] == kind:
        return named["id"], path
    if (found := _PATH.fullmatch(path)) and found["kind"] == kind:
        return found["id"], found["rest"] or "/"
    return None


def raw_path(environ: dict[str, Any]) -> str:
    """The path of a request as it was sent."""
    uri: str = environ.get("RAW_URI") or environ["PATH_INFO"]
    if "://" in uri:  # a request in absolute form, as for a proxy
        uri = "/" + uri.split("://", 1)[1].partition("/")[2]
    return uri.partition("?")[0]
