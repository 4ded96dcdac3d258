"""moto's log groups, as other services write to them."""

from __future__ import annotations

import uuid

from labsupport.credentials import ACCOUNT_ID

from ..calling import Failure


def write(arn: str, text: str, at: float) -> Failure | None:
    """Write an event to a stream of its own; return why it wasn't taken, None if it was.

    Args:
        arn: the log group's.
        at: seconds since 1970.
    """
    from moto.logs.models import logs_backends

    group = arn.split(":")[6]
    logs = logs_backends[ACCOUNT_ID][arn.split(":")[3]]
    if group not in logs.groups:
        return Failure("NO_RESOURCE", "The specified log group does not exist.", 400)
    stream = str(uuid.uuid4())
    logs.create_log_stream(group, stream)
    logs.put_log_events(group, stream, [{"timestamp": int(at * 1000), "message": text}])
    return None
