"""moto's topics, as other services publish to them."""

from __future__ import annotations

from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..calling import Failure


def publish(arn: str, text: str, *, subject: str | None = None) -> Failure | None:
    """Publish a message; return why it wasn't taken, None if it was."""
    from moto.core.exceptions import ServiceException

    topics = _backend(arn)
    if arn not in topics.topics:
        return Failure("NO_RESOURCE", "Topic does not exist", 404)
    try:
        topics.publish(text, arn, subject=subject)
    except (ServiceException, ValueError) as error:
        return Failure("INVALID_PARAMETER", str(getattr(error, "message", error)), 400)
    return None


def _backend(arn: str) -> Any:
    from moto.sns.models import sns_backends

    return sns_backends[ACCOUNT_ID][arn.split(":")[3]]
