"""Checks of lab questions: what has been reached in the lab cloud, seen with plain boto3.

A check is a function in a module of this package, named ``module.function`` in the bank. It is
given `clients`, which makes boto3 clients of the lab cloud by service (``clients("lambda")``), and
returns `reached`, `partly` or `missing` with a sentence that follows "Right." or "Not quite.".
No client leaves this machine, and no call waits longer than `DEADLINE` seconds.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias
from urllib.parse import urlsplit

DEADLINE = 10
Clients: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: the share that is reached, from 0 to 1, and a sentence about it."""

    share: float
    reason: str


class NoLab(RuntimeError):
    """Raised when there is no lab cloud to look at; its text is one sentence."""


def reached(reason: str) -> Found:
    """Say that all is as asked."""
    return Found(1.0, reason)


def partly(share: float, reason: str) -> Found:
    """Say that a share of it, between 0 and 1, is as asked."""
    return Found(share, reason)


def missing(reason: str) -> Found:
    """Say that it is not as asked."""
    return Found(0.0, reason)


def if_there(call: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any] | None:
    """Give the answer of a client's call, or None where what it asks about does not exist."""
    from botocore.exceptions import ClientError

    try:
        return call(**parameters)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return None
        raise


def find(name: str) -> Callable[[Clients], Found] | None:
    """Give the check called ``module.function``, or None."""
    module_name, _, function = name.partition(".")
    try:
        module = import_module(f"quizzes.lab_checks.{module_name}")
    except ModuleNotFoundError:
        return None
    check = getattr(module, function, None)
    own = getattr(check, "__module__", None) == module.__name__ and not function.startswith("_")
    return check if own and callable(check) else None


def look(name: str) -> Found:
    """Run a check against the lab cloud; raise `NoLab` where that cannot be done."""
    from botocore.exceptions import BotoCoreError, ClientError

    check = find(name)
    if check is None:
        raise NoLab(f"There is no check {name}.")
    endpoint = _endpoint()
    try:
        return check(lambda service: _client(service, endpoint))
    except ClientError as error:
        words = error.response.get("Error", {}).get("Message", str(error))
        raise NoLab(f"The lab cloud refused to be looked at: {words}") from None
    except BotoCoreError:
        raise NoLab(
            "The lab cloud does not answer: start it again with `Lab.start()`, then check."
        ) from None


def _endpoint() -> str:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint:
        raise NoLab("No lab cloud is running here: start one with `Lab.start()`, then check.")
    if not _is_this_machine(endpoint):
        raise NoLab("AWS_ENDPOINT_URL names no lab cloud on this machine: start one, then check.")
    return endpoint


def _is_this_machine(endpoint: str) -> bool:
    try:
        host = urlsplit(endpoint).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _client(service: str, endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    patience = Config(
        connect_timeout=DEADLINE, read_timeout=DEADLINE, retries={"total_max_attempts": 1}
    )
    return boto3.client(service, endpoint_url=endpoint, config=patience)
