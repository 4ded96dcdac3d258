"""A page in a real browser calls function URLs of a lab, with CORS deciding what it may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from labsupport import Lab
from tests.unit.functions_lab import Lambda
from tests.unit.http_calls import make_public, url_of

HOME = "return {'statusCode': 200, 'headers': {'Content-Type': 'text/html'}, 'body': '<p>home'}"
FETCH = """async (url) => {
    try {
        const options = {method: "PUT", headers: {"X-Token": "t", "Content-Type": "text/plain"}};
        const answer = await fetch(url + "a/path?q=1", {...options, body: "hello"});
        return await answer.json();
    } catch (error) {
        return error.name;
    }
}"""


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        for name, body in (("echo", "return event"), ("home", HOME)):
            functions.create(f"def handler(event, context):\n    {body}\n", FunctionName=name)
            make_public(functions, name)
            functions.client.create_function_url_config(FunctionName=name, AuthType="NONE")
        yield functions


@pytest.fixture
def page(functions: Lambda, chromium: Browser) -> Iterator[Page]:
    """A page of another origin: a function URL under its name below localhost."""
    address = url_of(functions, "home")
    port, url_id = address.split(":")[2].split("/")[0], address.rstrip("/").rpartition("/")[2]
    page = chromium.new_page()
    page.goto(f"http://{url_id}.lambda-url.us-east-1.localhost:{port}/")
    yield page
    page.close()


def set_cors(functions: Lambda, **cors: Any) -> None:
    functions.client.update_function_url_config(FunctionName="echo", Cors=cors)


def test_a_page_calls_a_function_url_where_cors_allows_it(functions: Lambda, page: Page) -> None:
    assert page.inner_text("p") == "home"
    url, origin = url_of(functions, "echo"), page.evaluate("location.origin")
    assert page.evaluate(FETCH, url) == "TypeError", "without CORS the browser lets nobody read"
    set_cors(functions, AllowOrigins=[origin], AllowMethods=["PUT"], AllowHeaders=["x-token"])
    event = page.evaluate(FETCH, url)
    assert (event["rawPath"], event["body"]) == ("/a/path", "hello")
    assert event["headers"]["origin"] == origin
    set_cors(functions, AllowOrigins=["https://elsewhere.example"], AllowMethods=["*"])
    assert page.evaluate(FETCH, url) == "TypeError"
