"""MOCK integrations, with which REST APIs answer OPTIONS for CORS.

Templates are read as JSON and sent as they stand: the lab doesn't have the template language VTL.
docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .messages import HttpResponse, json_response

_HEADER = "method.response.header."


def mocked(mock: Mapping[str, Any]) -> HttpResponse:
    """The answer of a MOCK integration.

    Args:
        mock: "request" is the request template; "responses" are integration responses as the API
            shows them, by status code.
    """
    status = _status(mock.get("request") or "")
    responses: Mapping[str, Any] = mock.get("responses") or {}
    for code, found in responses.items():
        pattern = found.get("selectionPattern")
        if re.fullmatch(pattern, status) if pattern else True:
            sent = [
                (name.removeprefix(_HEADER), value[1:-1])
                for name, value in (found.get("responseParameters") or {}).items()
                if name.startswith(_HEADER) and re.fullmatch(r"'.*'", str(value))
            ]
            if not any(name.lower() == "content-type" for name, _ in sent):
                sent.append(("Content-Type", "application/json"))
            templates = found.get("responseTemplates") or {}
            body = str(templates.get("application/json") or "")
            return HttpResponse(int(code), body.encode(), tuple(sent))
    return json_response(500, {"message": "Internal server error"})


def _status(template: str) -> str:
    try:
        return str(json.loads(template)["statusCode"])
    except (ValueError, KeyError, TypeError):
        return ""
