"""Node.js functions, on the lab's own runtime for them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport import Lab
from labsupport.functions.processes import runtime_programs
from tests.unit.functions_lab import Lambda, refusal
from tests.unit.test_functions_custom_runtime import archive
from tests.unit.test_functions_environment import Workbench, answer, error, invoke

if not shutil.which("node") and not os.environ.get("CI"):
    pytest.skip("node is missing", allow_module_level=True)


@pytest.fixture(params=["namespaces", "folders"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, request.param)
    yield bench
    bench.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, "folders")
    yield bench
    bench.close()


def function(bench: Workbench, files: dict[str, str] | str, **more: Any) -> Any:
    files = {"index.mjs": files} if isinstance(files, str) else files
    settings: dict[str, Any] = {"runtime": "nodejs22.x", "memory_mb": 256}
    return bench.environment("", package=archive(files), **(settings | more))


def trace(bench: Workbench, name: str) -> list[str]:
    return [line for line in bench.log if f"\t{name}\t" in line]


CONTEXT = """
let count = 0;
export const handler = async (event, context) => {
  console.log('seen', event);
  const left = context.getRemainingTimeInMillis();
  return { count: ++count, name: context.functionName, left: left > 0 && left <= 10000,
           id: context.awsRequestId.length, memory: context.memoryLimitInMB,
           trace: process.env._X_AMZN_TRACE_ID, runtime: process.env.AWS_EXECUTION_ENV };
};
"""


def test_handler_gets_event_and_context_and_stays_warm(bench: Workbench) -> None:
    environment = function(bench, CONTEXT)
    first, second = answer(invoke(environment, {"wörd": "日本"})), answer(invoke(environment))
    assert first.pop("trace").startswith("Root=1-")
    assert first == {
        "count": 1,
        "name": "f",
        "left": True,
        "id": 36,
        "memory": "256",
        "runtime": "AWS_Lambda_nodejs22.x",
    }
    assert second["count"] == 2
    (line, _) = trace(bench, "INFO")
    time, request_id, level, message = line.rstrip().split("\t")
    assert time.endswith("Z")
    assert len(request_id) == 36
    assert (level, message) == ("INFO", "seen { 'wörd': '日本' }")


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ({"index.js": "exports.handler = async (event) => event.n"}, "index.handler"),
        ({"index.cjs": "module.exports = { handler: (event) => Promise.resolve(event.n) }"}, ""),
        (
            {
                "index.js": "export const handler = async (e) => e.n",
                "package.json": '{"type":"module"}',
            },
            "",
        ),
        ({"src/app.js": "exports.deep = { handler: async (e) => e.n }"}, "src/app.deep.handler"),
        ({"index.js": "exports.handler = (event, context, done) => done(null, event.n)"}, ""),
        ({"index.js": "exports.handler = (event, context) => context.succeed(event.n)"}, ""),
        (
            {
                "index.js": "let x; exports.handler = (e, c, done) => { done(null, x);"
                " setTimeout(() => { x = 1 }, 50) }; x = 7"
            },
            "",
        ),
    ],
)
def test_every_form_of_handler(folders: Workbench, files: dict[str, str], handler: str) -> None:
    environment = function(folders, files, handler=handler or "index.handler")
    assert answer(invoke(environment, {"n": 7})) == 7
    assert answer(invoke(environment, {"n": 7})) in {7, 1}


def test_callback_waits_for_what_is_under_way_unless_told_not_to(folders: Workbench) -> None:
    source = (
        "exports.handler = (event, context, done) => {\n"
        "  context.callbackWaitsForEmptyEventLoop = event.wait;\n"
        "  setTimeout(() => {}, 300);\n"
        "  done(null, 'ok');\n"
        "};\n"
    )
    environment = function(folders, {"index.js": source})
    waited, at_once = invoke(environment, {"wait": True}), invoke(environment, {"wait": False})
    assert (answer(waited), answer(at_once)) == ("ok", "ok")
    assert waited.duration_ms > 290 > at_once.duration_ms


def test_handler_that_calls_nothing_back_returns_null(folders: Workbench) -> None:
    environment = function(folders, {"index.js": "exports.handler = (event) => { 1 + 1 }"})
    assert answer(invoke(environment)) is None


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("throw new TypeError('für')", "TypeError", "für"),
        ("return Promise.reject('plain')", "string", "plain"),
        (
            "Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000))",
            "Runtime.UnhandledPromiseRejection",
            "Error: lost",
        ),
        (
            "setTimeout(() => { throw new Error('late') }, 1); await new Promise(() => {})",
            "Error",
            "late",
        ),
        ("process.exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("return { n: 1n }", "Runtime.JSONStringifyError", "Unable to stringify response body"),
    ],
)
def test_what_a_handler_raises_reaches_the_caller(
    folders: Workbench, source: str, kind: str, message: str
) -> None:
    text = f"export const handler = async (event) => {{ if (event.well) return 'well'; {source} }}"
    environment = function(folders, text)
    result = invoke(environment)
    payload = json.loads(result.payload)
    assert payload["errorType"] == kind
    assert payload["errorMessage"].endswith(message)
    if kind == "TypeError":
        assert list(payload) == ["errorType", "errorMessage", "trace"]
        assert payload["trace"][0] == "TypeError: für"
        assert "file:///var/task/index.mjs:1:" in payload["trace"][1]
        (line,) = trace(folders, "ERROR")
        assert '"errorType":"TypeError","errorMessage":"für"' in line
        assert "\tInvoke Error \t{" in line
    assert answer(invoke(environment, {"well": True})) == "well"


def test_promise_that_is_never_settled_is_told(folders: Workbench) -> None:
    environment = function(folders, "export const handler = async () => new Promise(() => {})")
    assert error(invoke(environment))[0] == "Runtime.NodeJsExit"


@pytest.mark.parametrize(
    ("files", "more", "kind", "message"),
    [
        ({"index.js": "exports.handler = ("}, {}, "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        ({"index.mjs": "export const = 1"}, {}, "Runtime.UserCodeSyntaxError", "SyntaxError: "),
        (
            {"other.js": ""},
            {},
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs",
        ),
        (
            {"index.js": "require('nowhere')"},
            {},
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'nowhere'\nRequire stack:\n- /var/task/index.js\n"
            "- /var/runtime/index.mjs",
        ),
        (
            {"index.js": "exports.other = 1"},
            {},
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            {"index.js": "exports.handler = 1"},
            {},
            "Runtime.HandlerNotFound",
            "index.handler is not a function",
        ),
        ({"index.js": ""}, {"handler": "index"}, "Runtime.MalformedHandlerName", "Bad handler"),
        ({"index.js": "throw new Error('at start')"}, {}, "Error", "at start"),
        (
            {"index.js": "exports.handler = (event, context, callback) => {}"},
            {"runtime": "nodejs24.x"},
            "Runtime.CallbackHandlerDeprecated",
            "ERROR: AWS Lambda has removed support for callback-based function handlers",
        ),
    ],
)
def test_what_keeps_a_function_from_starting_is_named(
    folders: Workbench, files: dict[str, str], more: dict[str, str], kind: str, message: str
) -> None:
    payload = json.loads(invoke(function(folders, files, **more)).payload)
    assert payload["errorType"] == kind
    assert payload["errorMessage"].startswith(message)
    assert payload["trace"]
    assert any(f"Error Type: {kind}" in line for line in folders.log)


def test_json_log_format_and_level(folders: Workbench) -> None:
    source = "export const handler = async () => { console.debug('no'); console.warn('a %d', 1) }"
    environment = function(folders, source, log_format="JSON", application_log_level="INFO")
    answer(invoke(environment))
    lines = [json.loads(line) for line in folders.log]
    (own,) = [line for line in lines if "message" in line]
    assert (own["level"], own["message"]) == ("WARN", "a 1")
    assert len(own["requestId"]) == 36


def test_module_of_a_layer_can_be_required(bench: Workbench) -> None:
    from labsupport.functions.model import Layer

    files = {"nodejs/node_modules/seven/index.js": "module.exports = 7"}
    layer = Layer("arn:aws:lambda:us-east-1:1:layer:seven:1", "s", lambda: archive(files))
    source = {"index.js": "exports.handler = async () => require('seven')"}
    assert answer(invoke(function(bench, source, layers=(layer,)))) == 7


def test_machine_without_node_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab.start() as lab:
        environment = Lambda(lab)
        code = {"ZipFile": archive({"index.mjs": "export const handler = async () => 'here'"})}
        environment.create(Runtime="nodejs22.x", Code=code)
        assert environment.invoke()["Payload"] == "here"
        monkeypatch.setattr(runtime_programs, "node_program", lambda: None)
        assert refusal(environment.client.invoke, FunctionName="f") == (
            "InvalidRuntimeException",
            400,
        )
