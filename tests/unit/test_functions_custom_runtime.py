"""Functions that bring their own runtime, as AWS's tutorial on it does."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.functions.model import Layer
from tests.unit.test_functions_environment import KINDS, Workbench, error, invoke

# Two files of docs.aws.amazon.com/lambda/latest/dg/runtimes-walkthrough.html in their shape.
BOOTSTRAP = r"""#!/bin/sh
set -euo pipefail
V=2018-06-01/runtime
source $LAMBDA_TASK_ROOT/"$(echo $_HANDLER | cut -d. -f1).sh"
while true
do
  HEADERS="$(mktemp)"
  EVENT_DATA=$(curl -sS -LD "$HEADERS" "http://${AWS_LAMBDA_RUNTIME_API}/$V/invocation/next")
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  RESPONSE=$($(echo "$_HANDLER" | cut -d. -f2) "$EVENT_DATA")
  curl "http://${AWS_LAMBDA_RUNTIME_API}/$V/invocation/$REQUEST_ID/response" -d "$RESPONSE"
done
"""
FUNCTION = r"""
function handler () {
  EVENT_DATA=$1
  echo "$EVENT_DATA" 1>&2;
  RESPONSE="Echoing request: '$EVENT_DATA'"
  echo $RESPONSE
}
"""


def archive(files: dict[str, str], mode: int = 0o755) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            package.writestr(entry, text)
    return buffer.getvalue()


@pytest.fixture(params=[kind for kind in KINDS if kind in {"namespaces", "folders"}])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, request.param)
    if request.param == "namespaces" and not bench.processes.isolated:
        bench.close()
        assert not os.environ.get("CI"), bench.processes.why_not_isolated
        pytest.skip("no namespaces on this system")
    yield bench
    bench.close()


def environment(bench: Workbench, package: bytes, **more: Any) -> Any:
    settings: dict[str, Any] = {"runtime": "provided.al2023", "handler": "function.handler"}
    return bench.environment("", package=package, **(settings | more))


def needs_bash_and_curl() -> None:
    if not (shutil.which("bash") and shutil.which("curl")):
        assert not os.environ.get("CI"), "bash and curl are missing"
        pytest.skip("bash or curl is missing")


def test_the_tutorials_runtime_serves_events(bench: Workbench) -> None:
    needs_bash_and_curl()
    function = environment(bench, archive({"bootstrap": BOOTSTRAP, "function.sh": FUNCTION}))
    for text in ("Hello", "again"):
        result = invoke(function, {"text": text})
        assert result.function_error == ""
        assert result.payload.decode() == f"Echoing request: '{json.dumps({'text': text})}'"
    assert any('{"text": "Hello"}' in line for line in bench.log)


def test_bootstrap_may_come_in_a_layer(bench: Workbench) -> None:
    needs_bash_and_curl()
    layer = Layer(
        "arn:aws:lambda:us-east-1:1:layer:runtime:1", "x", lambda: archive({"bootstrap": BOOTSTRAP})
    )
    function = environment(bench, archive({"function.sh": FUNCTION}), layers=(layer,))
    assert invoke(function, 1).payload == b"Echoing request: '1'"


@pytest.mark.parametrize(
    ("files", "mode", "message"),
    [
        (
            {"function.sh": FUNCTION},
            0o755,
            "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        ),
        ({"bootstrap": BOOTSTRAP}, 0o644, "fork/exec /var/task/bootstrap: permission denied"),
        ({"bootstrap": "no program"}, 0o755, "fork/exec /var/task/bootstrap: exec format error"),
        (
            {"bootstrap": "#!/bin/bash\r\n"},
            0o755,
            "fork/exec /var/task/bootstrap: no such file or directory",
        ),
    ],
)
def test_bootstrap_that_cannot_be_run_is_named(
    bench: Workbench, files: dict[str, str], mode: int, message: str
) -> None:
    function = environment(bench, archive(files, mode))
    for _ in range(2):
        assert error(invoke(function)) == ("Runtime.InvalidEntrypoint", message)
    assert any("Error Type: Runtime.InvalidEntrypoint" in line for line in bench.log)


def test_bootstrap_that_ends_is_an_exit_error(bench: Workbench) -> None:
    function = environment(bench, archive({"bootstrap": "#!/bin/sh\nexit 3\n"}))
    assert error(invoke(function)) == (
        "Runtime.ExitError",
        "Runtime exited with error: exit status 3",
    )


def test_bootstrap_has_no_language_in_its_variables(bench: Workbench) -> None:
    source = "#!/bin/sh\nenv\nexit 1\n"
    invoke(environment(bench, archive({"bootstrap": source}), variables={"MINE": "here"}))
    names = {line.partition("=")[0].strip() for line in bench.log}
    assert {"MINE", "_HANDLER", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"} <= names
    assert not {"AWS_EXECUTION_ENV", "PYTHONPATH", "NODE_PATH"} & names
