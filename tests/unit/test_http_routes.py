"""Which route of an API a request takes."""

from __future__ import annotations

import pytest

from labsupport.triggers.http.apis import Route, function_arn, match
from labsupport.triggers.http.messages import HttpRequest
from labsupport.triggers.http.rest_apis import route_of

ROUTES = [
    Route("ANY", ""),
    Route("GET", "/{proxy+}"),
    Route("GET", "/a/{one}"),
    Route("GET", "/a/b"),
    Route("ANY", "/a/b"),
    Route("GET", "/a/{one}/c"),
    Route("GET", "/x/{rest+}"),
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/a/b", "GET /a/b", {}),
        ("PUT", "/a/b", "ANY /a/b", {}),
        ("GET", "/a/b/", "GET /a/b", {}),
        ("GET", "/a/z", "GET /a/{one}", {"one": "z"}),
        ("GET", "/a/%2Fz%20", "GET /a/{one}", {"one": "/z "}),
        ("GET", "/a/z/c", "GET /a/{one}/c", {"one": "z"}),
        ("GET", "/a/z/d", "GET /{proxy+}", {"proxy": "a/z/d"}),
        ("GET", "/x/1/2", "GET /x/{rest+}", {"rest": "1/2"}),
        ("GET", "/", "$default", {}),
        ("PUT", "/a/z", "$default", {}),
    ],
)
def test_the_most_particular_route_is_taken(
    method: str, path: str, key: str, parameters: dict[str, str]
) -> None:
    for routes in (ROUTES, ROUTES[::-1]):
        route, found = match(routes, method, path)
        assert route is not None
        assert (route.key, found) == (key, parameters)


def test_a_rest_api_chooses_the_resource_before_the_method() -> None:
    routes = (Route("GET", "/{proxy+}"), Route("POST", "/a"))
    request = HttpRequest("GET", "/a", "", (), b"")
    assert route_of(routes, request)[0] is None


def test_no_route_is_taken_where_none_fits() -> None:
    assert match([Route("GET", "/a")], "GET", "/b") == (None, {})


@pytest.mark.parametrize(
    "uri",
    [
        "arn:aws:lambda:us-east-1:1:function:f",
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:1:function:${stageVariables.name}/invocations",
    ],
)
def test_a_uri_names_a_function(uri: str) -> None:
    assert function_arn(uri, {"name": "f"}) == "arn:aws:lambda:us-east-1:1:function:f"


def test_a_uri_may_name_no_function() -> None:
    assert function_arn("https://example.com", {}) == ""
