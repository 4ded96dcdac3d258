"""The request that a moto service is answering, and who made it."""

from __future__ import annotations

from dataclasses import dataclass

from labsupport.credentials import ACCOUNT_ID
from labsupport.gateway import access_key_id
from labsupport.iam.moto_policies import caller_of


@dataclass(frozen=True)
class Request:
    """What a service tells of the request that led to an event.

    Args:
        access_key_id: "" where the service acts by itself.
        trace_header: X-Amzn-Trace-Id, which an SDK in a handler sends along.
    """

    access_key_id: str = ""
    source_ip: str = "127.0.0.1"
    trace_header: str = ""

    @property
    def principal_id(self) -> str:
        """The caller as S3's events name it: the account's own, a user's id or a role's session."""
        caller = caller_of(self.access_key_id) if self.access_key_id else None
        return f"AWS:{caller.context.get('aws:userid', ACCOUNT_ID) if caller else ACCOUNT_ID}"


def current_request() -> Request:
    """The request that this thread is answering."""
    from flask import has_request_context, request

    if not has_request_context():
        return Request()
    return Request(
        access_key_id(request.environ) or "",
        request.remote_addr or "127.0.0.1",
        request.headers.get("X-Amzn-Trace-Id", ""),
    )
