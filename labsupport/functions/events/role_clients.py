"""Clients for what Lambda itself does with the rights of a function's execution role."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from ..model import FunctionVersion
from .lineage import add_header


class RoleClients:
    """boto3 clients over the lab's own endpoint, one for each service, Region and role.

    Args:
        credentials: temporary credentials of a function's role, as environment variables.
    """

    def __init__(
        self, endpoint: str, credentials: Callable[[FunctionVersion], Mapping[str, str]]
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, service: str, region: str, function: FunctionVersion) -> Any:
        """A client with the rights of a function's role."""
        key = (service, region, function.role_arn)
        with self._lock:
            if key not in self._clients:
                credentials = self._credentials(function)
                session = boto3.Session(
                    aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
                    aws_session_token=credentials["AWS_SESSION_TOKEN"],
                    region_name=region,
                )
                self._clients[key] = session.client(service, endpoint_url=self._endpoint)
                self._clients[key].meta.events.register("before-call", add_header)
            return self._clients[key]
