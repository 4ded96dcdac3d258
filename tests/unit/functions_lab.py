"""A lab with a client for its Lambda, and the calls that tests of functions begin with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from labsupport import Lab
from tests import packages

COUNT = (
    "import os, time\n"
    "count = 0\n"
    "def handler(event, context):\n"
    "    global count\n"
    "    count += 1\n"
    "    time.sleep(event.get('seconds', 0) if isinstance(event, dict) else 0)\n"
    "    return {'event': event, 'count': count, 'pid': os.getpid()}\n"
)


def zipped(source: str) -> bytes:
    """A deployment package whose one module is "index"."""
    return packages.zipped(index=source)


class Lambda:
    """A lab and a client for its Lambda, with the calls tests begin with."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.client = boto3.client(
            "lambda", config=Config(retries={"max_attempts": 0}, max_pool_connections=20)
        )
        iam = boto3.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=packages.TRUST)
        self.role = role["Role"]["Arn"]

    def create(self, source: str = COUNT, **more: Any) -> dict[str, Any]:
        settings = {
            "FunctionName": "f",
            "Runtime": "python3.14",
            "Role": self.role,
            "Handler": "index.handler",
            "Code": {"ZipFile": zipped(source)},
        }
        created: dict[str, Any] = self.client.create_function(**(settings | more))
        return created

    def invoke(self, payload: Any = b"{}", **more: Any) -> dict[str, Any]:
        arguments = {"FunctionName": "f", "Payload": payload} | more
        answer: dict[str, Any] = self.client.invoke(**arguments)
        text = answer["Payload"].read()
        answer["Payload"] = json.loads(text) if text else None
        return answer

    def log_events(self) -> list[str]:
        logs = boto3.client("logs")
        group = "/aws/lambda/f"
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]


def refusal(call: Any, **arguments: Any) -> tuple[str, int]:
    """Code and status of a refusal."""
    code, status, _ = refused(call, **arguments)
    return code, status


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    """Code, status and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: Any = caught.value.response
    error = answer["Error"]
    return error["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something to happen, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
