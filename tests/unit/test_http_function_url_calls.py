"""Calls of function URLs: what goes into the function and what comes out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from labsupport import Lab
from tests.unit.functions_lab import Lambda
from tests.unit.http_calls import call, make_public, url_of

RETURN = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create(ECHO, FunctionName="echo")
        functions.create(RETURN, FunctionName="return")
        functions.create("def handler(event, context):\n    1 / 0\n", FunctionName="raise")
        functions.create(
            "import time\ndef handler(event, context):\n    time.sleep(5)\n",
            FunctionName="slow",
            Timeout=1,
        )
        for name in ("echo", "return", "raise", "slow"):
            make_public(functions, name)
            functions.client.create_function_url_config(FunctionName=name, AuthType="NONE")
        yield functions


def answered(functions: Lambda, result: Any) -> urllib3.BaseHTTPResponse:
    kind = {"Content-Type": "application/json"}
    return call(url_of(functions, "return"), "POST", body=json.dumps(result), headers=kind)


def test_the_event_has_format_2(functions: Lambda) -> None:
    url = url_of(functions, "echo")
    answer = call(
        url + "path/to%20it?b=2&a=1&a=3&empty=",
        "POST",
        body=b'{"k": 1}',
        headers={
            "Content-Type": "application/json",
            "X-Custom": "Yes",
            "Cookie": "one=1; two=2",
            "User-Agent": "tester",
        },
    )
    event = answer.json()
    assert {name: event[name] for name in ("version", "routeKey", "rawPath", "rawQueryString")} == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/path/to%20it",
        "rawQueryString": "b=2&a=1&a=3&empty=",
    }
    assert event["cookies"] == ["one=1", "two=2"]
    assert event["queryStringParameters"] == {"b": "2", "a": "1,3", "empty": ""}
    assert event["headers"]["x-custom"] == "Yes"
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-amzn-trace-id"] == answer.headers["X-Amzn-Trace-Id"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    context, url_id = event["requestContext"], urlsplit(url).path.strip("/").rpartition("/")[2]
    assert context["accountId"] == "anonymous"
    assert context["apiId"] == context["domainPrefix"] == url_id
    assert context["domainName"] == f"{url_id}.lambda-url.us-east-1.on.aws"
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    assert context["http"] == {
        "method": "POST",
        "path": "/path/to%20it",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "tester",
    }
    assert context["time"].endswith(" +0000")
    assert context["timeEpoch"] == pytest.approx(
        functions.lab.clock.time() * 1000, abs=120 * 60 * 1000
    )


def test_an_event_leaves_out_what_the_request_has_not(functions: Lambda) -> None:
    event = call(url_of(functions, "echo")).json()
    assert not {"cookies", "queryStringParameters", "body"} & event.keys()
    assert event["rawPath"] == "/"


@pytest.mark.parametrize("kind", ["image/png", "application/x-www-form-urlencoded", None])
def test_bodies_that_are_not_text_come_in_base64(functions: Lambda, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    event = call(url_of(functions, "echo"), "POST", body=b"\x89PNG\xff", headers=headers).json()
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x89PNG\xff"


def test_names_below_localhost_are_answered_too(functions: Lambda) -> None:
    url = urlsplit(url_of(functions, "echo"))
    host = f"{url.path.strip('/').rpartition('/')[2]}.lambda-url.us-east-1.localhost:{url.port}"
    answer = call(f"http://{url.netloc}/style.css", headers={"Host": host})
    assert answer.json()["rawPath"] == "/style.css"


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"hello": "world"}, b'{"hello":"world"}'),
        ("text", b"text"),
        ([1, 2], b"[1,2]"),
        (None, b"null"),
        (42, b"42"),
        ({"statusCode": 200}, b""),
        ({"statusCode": "201", "body": "x"}, b"x"),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, b"\xff"),
    ],
)
def test_what_a_function_returns_becomes_an_answer(
    functions: Lambda, result: Any, body: bytes
) -> None:
    answer = answered(functions, result)
    assert answer.status in (200, 201)
    assert answer.data == body
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Length"] == str(len(body))


def test_a_function_chooses_status_headers_and_cookies(functions: Lambda) -> None:
    answer = answered(
        functions,
        {
            "statusCode": 302,
            "headers": {"Location": "/there", "x-number": 3, "content-type": "text/html"},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "moved",
        },
    )
    assert (answer.status, answer.data) == (302, b"moved")
    assert answer.headers["location"] == "/there"
    assert answer.headers["x-number"] == "3"
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers.getlist("set-cookie") == ["a=1; Path=/", "b=2"]


@pytest.mark.parametrize(
    "malformed",
    [
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": None},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {}}},
        {"statusCode": 200, "headers": {"a": "1\r\nSet-Cookie: b=2"}},
        {"statusCode": 200, "headers": {"not a name": "1"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "###", "isBase64Encoded": True},
    ],
)
def test_a_malformed_answer_is_a_bad_gateway(functions: Lambda, malformed: Any) -> None:
    answer = answered(functions, malformed)
    assert (answer.status, answer.data) == (502, b"Internal Server Error")


@pytest.mark.parametrize("name", ["raise", "slow"])
def test_a_function_that_fails_is_a_bad_gateway(functions: Lambda, name: str) -> None:
    answer = call(url_of(functions, name))
    assert (answer.status, answer.data) == (502, b"Internal Server Error")


def test_a_throttled_call_is_refused_with_429(functions: Lambda) -> None:
    put = functions.client.put_function_concurrency
    put(FunctionName="slow", ReservedConcurrentExecutions=0)
    answer = call(url_of(functions, "slow"))
    assert answer.status == 429
    assert answer.json()["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_a_request_over_6_mb_is_refused(functions: Lambda) -> None:
    answer = call(url_of(functions, "echo"), "POST", body=b"x" * (6 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_head_has_no_body(functions: Lambda) -> None:
    answer = call(url_of(functions, "echo"), "HEAD")
    assert (answer.status, answer.data) == (200, b"")


def test_cors_is_answered_without_the_function(functions: Lambda) -> None:
    client = functions.client
    page = "https://page.example"
    client.update_function_url_config(
        FunctionName="raise",
        Cors={
            "AllowOrigins": [page],
            "AllowMethods": ["PUT", "GET"],
            "AllowHeaders": ["x-token"],
            "ExposeHeaders": ["date"],
            "AllowCredentials": True,
            "MaxAge": 60,
        },
    )
    url = url_of(functions, "raise")
    asked = {"Origin": page, "Access-Control-Request-Method": "PUT"}
    answer = call(url, "OPTIONS", headers=asked)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == page
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT,GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-token"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Max-Age"] == "60"
    for other in ({"Origin": "https://other.example"}, {"Access-Control-Request-Method": "PATCH"}):
        refused = call(url, "OPTIONS", headers=asked | other)
        assert "Access-Control-Allow-Origin" not in refused.headers
    failed = call(url, headers={"Origin": page})
    assert failed.status == 502
    assert failed.headers["Access-Control-Allow-Origin"] == page
    assert failed.headers["Access-Control-Expose-Headers"] == "date"


def test_without_cors_the_function_answers_options(functions: Lambda) -> None:
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "PUT"}
    event = call(url_of(functions, "echo"), "OPTIONS", headers=asked).json()
    assert event["requestContext"]["http"]["method"] == "OPTIONS"
