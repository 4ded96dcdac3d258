"""Responses that a Node.js function streams, read while it still runs."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from labsupport import Lab
from tests.unit.functions_lab import Lambda
from tests.unit.http_calls import make_public, url_of
from tests.unit.test_functions_custom_runtime import archive

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

SOURCE = """
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const asked = event.body ? JSON.parse(event.body) : event;
  if (asked.fail === 'first') throw new TypeError('too early');
  if (asked.metadata) stream = awslambda.HttpResponseStream.from(stream, asked.metadata);
  else if (asked.type) stream.setContentType(asked.type);
  stream.write('one,');
  await pause(asked.pause ?? 0);
  if (asked.fail) throw new TypeError('too late');
  stream.write(asked.big ? Buffer.alloc(asked.big, 'x') : 'two,');
  stream.end(context.awsRequestId ? 'three' : '');
});
"""


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        package = archive({"index.js": SOURCE})
        functions.create(
            Runtime="nodejs22.x", Code={"ZipFile": package}, MemorySize=256, Timeout=10
        )
        make_public(functions, "f")
        functions.client.create_function_url_config(
            FunctionName="f", AuthType="NONE", InvokeMode="RESPONSE_STREAM"
        )
        yield functions


def stream(functions: Lambda, asked: Any) -> Iterator[dict[str, Any]]:
    answer = functions.client.invoke_with_response_stream(
        FunctionName="f", Payload=json.dumps(asked)
    )
    yield from answer["EventStream"]


def call(functions: Lambda, asked: Any) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "POST", url_of(functions), json=asked, timeout=20, retries=False, preload_content=False
    )


def test_parts_come_while_the_function_runs(functions: Lambda) -> None:
    list(stream(functions, {}))
    began, seen = time.monotonic(), []
    for event in stream(functions, {"pause": 500}):
        seen.append((event, time.monotonic() - began))
    assert seen[0][0]["PayloadChunk"]["Payload"] == b"one,"
    assert seen[0][1] < 0.4 < seen[1][1]
    parts = [event["PayloadChunk"]["Payload"] for event, _ in seen[:-1]]
    assert b"".join(parts) == b"one,two,three"
    assert seen[-1][0] == {"InvokeComplete": {}}


def test_invoke_collects_what_is_streamed(functions: Lambda) -> None:
    answer = functions.client.invoke(FunctionName="f", Payload=b"{}")
    assert answer["Payload"].read() == b"one,two,three"
    assert "FunctionError" not in answer


def test_a_stream_may_be_longer_than_a_response(functions: Lambda) -> None:
    big = 7 * 1024 * 1024
    parts = [
        e["PayloadChunk"]["Payload"] for e in stream(functions, {"big": big}) if "PayloadChunk" in e
    ]
    assert len(b"".join(parts)) == big + len("one,three")
    collected = functions.client.invoke(FunctionName="f", Payload=json.dumps({"big": big}))
    assert collected["FunctionError"] == "Unhandled"
    assert b"Function.ResponseSizeTooLarge" in collected["Payload"].read()
    assert b"three" in functions.client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read()


def test_an_error_stands_at_the_end(functions: Lambda) -> None:
    (early,) = stream(functions, {"fail": "first"})
    assert json.loads(early["InvokeComplete"]["ErrorDetails"])["errorType"] == "TypeError"
    first, late = stream(functions, {"fail": "later"})
    assert first["PayloadChunk"]["Payload"] == b"one,"
    assert json.loads(late["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "too late"


def test_a_function_url_streams_its_answer(functions: Lambda) -> None:
    before = len(functions.lab.history.invocations)
    answer = call(functions, {"pause": 1500, "type": "text/plain"})
    assert next(answer.read_chunked()) == b"one,"
    assert len(functions.lab.history.invocations) == before, "the handler still works"
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    answer.drain_conn()


def test_a_stream_may_say_status_and_headers(functions: Lambda) -> None:
    metadata = {"statusCode": 201, "headers": {"X-One": "1"}, "cookies": ["a=1"]}
    answer = call(functions, {"metadata": metadata})
    assert answer.status == 201
    assert (answer.headers["X-One"], answer.headers["Set-Cookie"]) == ("1", "a=1")
    assert answer.read() == b"one,two,three"


def test_a_failure_before_the_first_part_is_a_bad_gateway(functions: Lambda) -> None:
    answer = call(functions, {"fail": "first"})
    assert (answer.status, answer.read()) == (502, b"Internal Server Error")
