"""The clients with which moto's workflows call other services."""

from __future__ import annotations

import threading
from types import ModuleType
from typing import Any

import boto3
from botocore.config import Config

from labsupport.credentials import ACCOUNT_ID

LONGEST_CALL_S = 900.0 + 60.0  # real seconds: a function's longest time, and some


class Clients:
    """Makes clients that have the rights of a workflow's role and reach the lab.

    Modules of moto's interpreter take hold of the function that makes clients when they are
    imported; so it stays in place and asks for the lab that is there.
    """

    _serving: Clients | None = None

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str], Any] = {}
        Clients._serving = self

    def take_over(self, module: ModuleType) -> None:
        """Put the function that makes clients in moto's place."""
        changeable: Any = module
        if getattr(module.boto_client_for, "of_the_lab", False):
            return
        original = module.boto_client_for

        def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
            serving = Clients._serving
            if serving is None or state_credentials is None:
                return original(region, service, state_credentials)
            return serving.client(region, service, state_credentials.role_arn)

        boto_client_for.of_the_lab = True  # type: ignore[attr-defined]
        changeable.boto_client_for = boto_client_for

    def client(self, region: str, service: str, role_arn: str) -> Any:
        """A client with the rights of a role."""
        key = (region, service, role_arn)
        with self._lock:
            if key not in self._known:
                role = _assume(region, role_arn)
                session = boto3.Session(
                    aws_access_key_id=role.access_key_id,
                    aws_secret_access_key=role.secret_access_key,
                    aws_session_token=role.session_token,
                    region_name=region,
                )
                config = Config(
                    parameter_validation=False,
                    retries={"total_max_attempts": 1},
                    read_timeout=LONGEST_CALL_S,
                    max_pool_connections=100,
                )
                self._known[key] = session.client(
                    service, endpoint_url=self._endpoint, config=config
                )
            return self._known[key]

    def close(self) -> None:
        """Serve no longer."""
        if Clients._serving is self:
            Clients._serving = None


def _assume(region: str, role_arn: str) -> Any:
    from moto.sts.models import sts_backends

    return sts_backends[ACCOUNT_ID]["aws"].assume_role(
        region_name=region,
        role_session_name="states",
        role_arn=role_arn,
        policy="",
        duration=3600,
        external_id="",
    )
