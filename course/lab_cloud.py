"""What checks of exercises need of the lab cloud that the learner has started."""

from __future__ import annotations

import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3

from course.checking import Attempt
from course.lessons import find_exercise

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def require_lab(attempt: Attempt) -> None:
    """End the check with a sentence where no lab cloud is running."""
    if not os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1:"):
        end(attempt, "no lab cloud is running; run the first code cell of this lesson")


def end(attempt: Attempt, why: str) -> None:
    """End the check here: nothing after it could pass."""
    attempt.require(False, passed="", failed=why)


def written(attempt: Attempt, path: object) -> str:
    """What the learner wrote into the file of a `%%writefile` exercise.

    Ends the check as not attempted while it is the stub, and with a sentence where it is not there.
    """
    attempt.given(path)
    if not isinstance(path, Path) or not path.is_file():
        end(attempt, f"there is no file `{path}` yet; run the cell that writes it")
    source = Path(str(path)).read_text(encoding="utf-8")
    exercise = find_exercise(attempt.name)
    stub = f"{exercise.before}{exercise.stub}{exercise.after}".partition("\n")[2]
    attempt.given(... if source.split() == stub.split() else source)
    return source


@contextmanager
def temporary_function(
    source: str, handler: str = "lambda_handler", **settings: Any
) -> Iterator[str]:
    """A function of a name of its own in the lab cloud; nothing of it stays behind.

    `source` defines `handler`; `settings` are further ones of `create_function`.
    """
    name = f"check-{secrets.token_hex(4)}"
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    with ExitStack() as made:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        made.callback(iam.delete_role, RoleName=name)
        functions.create_function(
            FunctionName=name,
            Runtime="python3.14",
            Role=role["Role"]["Arn"],
            Handler=f"checked.{handler}",
            Code={"ZipFile": packed(source)},
            **settings,
        )
        made.callback(_delete_log, name)
        made.callback(functions.delete_function, FunctionName=name)
        yield name


def answer_of(name: str, event: Any = None) -> Any:
    """What a function answers to an event, or the type and message of the error it ends with."""
    reply = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    got = json.load(reply["Payload"])
    if "FunctionError" in reply and isinstance(got, dict):
        return f"{got.get('errorType')}: {got.get('errorMessage')}"
    return got


def expect_answer(attempt: Attempt, name: str, event: Any, wanted: Any) -> None:
    """Note whether a function answers an event as it should."""
    got = answer_of(name, event)
    attempt.expect(
        got == wanted,
        passed=f"`{json.dumps(event)}` is answered with `{json.dumps(got)}`",
        failed=f"`{json.dumps(event)}` should be answered with `{json.dumps(wanted)}`, and yours "
        f"answers `{json.dumps(got)}`",
    )


def packed(source: str) -> bytes:
    """Pack `source` as `checked.py`, the module of a `temporary_function`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("checked.py", source)
    return archive.getvalue()


def _delete_log(name: str) -> None:
    logs = boto3.client("logs")
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")
