"""The lab's own credentials, put in the place of any real ones while the lab runs.

Two fences. The first is the environment: it names the lab's endpoint and key, and nothing in it
or in ~/.aws leads anywhere else; child processes such as the `aws` command inherit it. The
second stands inside botocore in this process, because a client made before the lab started, or
one given an endpoint by hand, does not ask the environment: it refuses every address that is
not this machine.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labsupport.awscli import EndpointRules

ACCOUNT_ID = "123456789012"  # the account moto plays
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# A proxy must see nothing that is meant for the lab. The `aws` command chooses the proxy by the
# address it would have called on AWS, although its endpoint rules then lead to the lab.
WITHOUT_PROXY = ("127.0.0.1", "localhost", "amazonaws.com", "amazonaws.com.cn")
# Whatever begins like this may hold a real key, a profile, an endpoint or a setting that only
# makes sense for a real account. New ones appear with every release of the SDKs.
MASKED_PREFIXES = ("AWS_", "BOTO", "MOTO_", "LOCALSTACK_")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key of the lab. The secret does not show in its repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def new_credentials() -> Credentials:
    """Make a random key in the form AWS gives to long-term keys."""
    key_id = "AKIA" + "".join(secrets.choice(BASE32) for _ in range(16))
    return Credentials(key_id, secrets.token_urlsafe(30))


def handler_environment(endpoint: str, region: str) -> dict[str, str]:
    """The variables that lead an AWS SDK to the lab at `endpoint` and nowhere else.

    They hold no key: a handler gets its own from its execution role.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        # A host name with an account or "sync-" in front of 127.0.0.1 leads nowhere.
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


class Mask:
    """Real credentials hidden behind the lab's, from `put_on` until `take_off`."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._rules: EndpointRules | None = None
        self._variables = {
            **handler_environment(endpoint, region),
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_PAGER": "",
            "BOTO_CONFIG": os.devnull,
        }
        self._before: dict[str, str | None] = {}
        self._session: Any = None
        self._on = False

    @property
    def folder(self) -> Path | None:
        """The lab's folder for files of its own, while the mask is on."""
        return self._rules.path if self._rules else None

    def put_on(self) -> None:
        """Hide the real credentials of this process and of those it starts."""
        self._on = True
        for name in list(os.environ):
            if name.startswith(MASKED_PREFIXES):
                self._set(name, None)
        self._rules = EndpointRules(self._endpoint)
        self._set("AWS_DATA_PATH", str(self._rules.path))
        for name, value in self._variables.items():
            self._set(name, value)
        for name in ("NO_PROXY", "no_proxy"):
            self._set(name, _without_proxy(os.environ.get(name)))
        self._session = _swap_default_session(None)
        guard.close_to_the_world(self._endpoint)

    def take_off(self) -> None:
        """Restore the environment as it was. Calling it twice does no harm."""
        if not self._on:
            return
        self._on = False
        guard.open_again(self._endpoint)
        _swap_default_session(self._session)
        self._session = None
        if self._rules is not None:
            self._rules.remove()
        while self._before:
            name, value = self._before.popitem()
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _set(self, name: str, value: str | None) -> None:
        self._before.setdefault(name, os.environ.get(name))
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _without_proxy(hosts: str | None) -> str:
    """Add what the lab's clients call to a NO_PROXY list."""
    if hosts is not None and hosts.strip() == "*":
        return hosts
    return ",".join((*WITHOUT_PROXY, *([hosts] if hosts else [])))


def _swap_default_session(session: Any) -> Any:
    """Replace boto3's default session, which remembers credentials; return the one before."""
    boto3: Any = sys.modules.get("boto3")
    if boto3 is None:
        return None
    before, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, session
    return before


def is_this_machine(host: str | None) -> bool:
    """Whether a host name or address means the machine we run on."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Keeps botocore in this process from calling any other machine while a lab runs.

    All of botocore's traffic, instance metadata and single sign-on included, leaves through
    `URLLib3Session.send`, in clients old and new; that is why the guard stands there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._send: Any = None
        self._endpoints: set[str] = set()
        self._past: set[str] = set()

    def close_to_the_world(self, endpoint: str) -> None:
        """Refuse, from now on, whatever is not on this machine."""
        from botocore.httpsession import URLLib3Session

        with self._lock:
            self._endpoints.add(_address(endpoint))
            self._past.discard(_address(endpoint))
            if self._send is not None:
                return
            send = self._send = URLLib3Session.send

            def guarded_send(session: Any, request: Any) -> Any:
                self.check(request.url)
                return send(session, request)

            URLLib3Session.send = guarded_send

    def open_again(self, endpoint: str) -> None:
        """End what `close_to_the_world` began, when the last lab of this process stops."""
        from botocore.httpsession import URLLib3Session

        with self._lock:
            self._endpoints.discard(_address(endpoint))
            self._past.add(_address(endpoint))
            if not self._endpoints and self._send is not None:
                URLLib3Session.send = self._send
                self._send = None

    def check(self, url: str) -> None:
        """Raise a one-sentence error when `url` is no address a lab's client may call."""
        if not is_this_machine(urlsplit(url).hostname):
            raise _outside_the_lab(
                f"This call would go to {_address(url)}, but while a lab runs nothing may reach "
                "AWS: make the client again with plain boto3.client(…), or end the lab with "
                "lab.stop()."
            )
        if _address(url) in self._past:
            raise _outside_the_lab(
                "This client belongs to a lab that has been stopped: make it again with "
                "boto3.client(…) and it will reach the lab that runs now."
            )


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _outside_the_lab(message: str) -> Exception:
    # Imported only here: botocore is slow to import and this is never raised without it.
    from labsupport.outside import OutsideTheLab

    return OutsideTheLab(message=message)


guard = Guard()
