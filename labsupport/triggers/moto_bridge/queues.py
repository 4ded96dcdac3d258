"""moto's queues, as other services send to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..calling import Failure


def exists(arn: str) -> bool:
    """Whether there is a queue."""
    return _backend(arn).queues.get(_name(arn)) is not None


def send(
    arn: str,
    text: str,
    *,
    attributes: Mapping[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    trace_header: str = "",
    check_group_id: bool = True,
) -> Failure | None:
    """Send a message; return why it wasn't taken, None if it was.

    Args:
        attributes: as SendMessage's MessageAttributes.
        trace_header: goes into the system attribute AWSTraceHeader.
        check_group_id: whether a FIFO queue needs a group id and another may have none.
    """
    from moto.core.exceptions import ServiceException

    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace_header}}
    try:
        _backend(arn).send_message(
            _name(arn),
            text,
            message_attributes=attributes,
            group_id=group_id,
            deduplication_id=deduplication_id,
            system_attributes=trace if trace_header else None,
            validate_group_id=check_group_id,
        )
    except ServiceException as error:
        missing = not exists(arn)
        return Failure("NO_RESOURCE" if missing else "INVALID_PARAMETER", error.message, 400)
    return None


def _backend(arn: str) -> Any:
    from moto.sqs.models import sqs_backends

    return sqs_backends[ACCOUNT_ID][arn.split(":")[3]]


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
