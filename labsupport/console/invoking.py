"""Invokes functions for the page, through Lambda's API as any client does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from .source import Source
from .things import clipped

AT_ONCE = 10
"""Invocations that pages may wait for at a time."""
ANSWER_CHARS = 100_000
"""What is shown of a payload."""
_KINDS = ("RequestResponse", "Event")

Answer = dict[str, Any]


class Invoker:
    """Invokes in threads of its own, so that neither the kernel nor the page has to wait."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def start(self, asked: Mapping[str, Any], reply: Callable[[Answer], None]) -> None:
        """Invoke what a page asks for; `reply` is called from another thread, once.

        Args:
            asked: function (its ARN), kind (an InvocationType) and payload, as text.
        """
        if problem := self._problem(asked):
            reply({"problem": problem})
        elif not self._places.acquire(blocking=False):
            reply({"problem": f"{AT_ONCE} invocations from here are still running: wait for one."})
        else:
            arguments = (str(asked["function"]), str(asked["kind"]), str(asked["payload"]), reply)
            threading.Thread(
                target=self._run, args=arguments, name="lab-console-invoke", daemon=True
            ).start()

    def _problem(self, asked: Mapping[str, Any]) -> str:
        if not self._source.running():
            return "This lab has been stopped: no function can be invoked here any more."
        if asked.get("kind") not in _KINDS or ":function:" not in str(asked.get("function")):
            return "Choose a function and how to invoke it."
        try:
            json.loads(str(asked.get("payload")))
        except (ValueError, RecursionError) as error:
            return f"The payload is not JSON: {error}."
        return ""

    def _run(self, arn: str, kind: str, payload: str, reply: Callable[[Answer], None]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client(arn.split(":")[3]).invoke(
                FunctionName=arn,
                InvocationType=kind,
                Payload=payload.encode(),
                **({"LogType": "Tail"} if kind == "RequestResponse" else {}),
            )
            text = answer["Payload"].read().decode("utf-8", "replace")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reply({"problem": f"{code}: {error.response['Error']['Message']}"})
        except BotoCoreError as error:
            reply({"problem": f"The lab cloud gave no answer: {error}."})
        else:
            reply(_answer(answer, kind, text))
        finally:
            self._places.release()

    def _client(self, region: str) -> Any:
        import boto3
        from botocore.config import Config

        lab = self._source.environment
        with self._making:
            if region not in self._clients:
                self._clients[region] = boto3.session.Session().client(
                    "lambda",
                    region_name=region,
                    endpoint_url=lab["AWS_ENDPOINT_URL"],
                    aws_access_key_id=lab["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=lab["AWS_SECRET_ACCESS_KEY"],
                    config=Config(
                        retries={"max_attempts": 0},
                        max_pool_connections=AT_ONCE,
                        read_timeout=_longest_s(),
                    ),
                )
            return self._clients[region]


def _longest_s() -> float:
    """Seconds after which an invocation must have ended, with its Init phase."""
    from labsupport.facts import fact

    return float(fact("timeout.max_s").value) + 60


def _answer(answer: Mapping[str, Any], kind: str, payload: str) -> Answer:
    if kind == "Event":
        head = "Accepted: the event is in the function's queue."
        return {"outcome": "ok", "head": head, "payload": "", "log": ""}
    failed = answer.get("FunctionError", "")
    log = base64.b64decode(answer.get("LogResult", "")).decode("utf-8", "replace")
    return {
        "outcome": "failed" if failed else "ok",
        "head": f"The function failed ({failed})." if failed else "The function succeeded.",
        "payload": clipped(_indented(payload), ANSWER_CHARS),
        "log": log,
    }


def _indented(payload: str) -> str:
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload
