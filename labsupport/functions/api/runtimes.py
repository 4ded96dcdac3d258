"""Which runtimes a function may be created or updated with, by the dates AWS has announced.

docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Literal

from labsupport.facts import all_facts, fact

from ..errors import invalid_parameter
from .api_model import values_of

Change = Literal["create", "update"]


def check_runtime(runtime: str, change: Change, today: date | None = None) -> None:
    """Refuse a runtime that Lambda doesn't know or has blocked.

    Args:
        change: what is being done to the function.
        today: the real day, unless a test names another.

    Raises:
        ServiceError: InvalidParameterValueException, in AWS's words.
    """
    allowed = allowed_runtimes(change, today)
    if runtime in allowed:
        return
    if runtime in values_of("Runtime"):
        raise invalid_parameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating "
            "AWS Lambda functions. We recommend you use a supported runtime while creating or "
            "updating functions."
        )
    raise invalid_parameter(
        f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        f"value set: [{', '.join(allowed)}] or be a valid ARN"
    )


def allowed_runtimes(change: Change, today: date | None = None) -> list[str]:
    """The runtimes whose block date for `change` is still to come or isn't known."""
    day = (today or datetime.now(UTC).date()).isoformat()
    blocked = {
        runtime
        for runtime, dates in fact("runtime.block_dates").value.items()
        if dates[change] <= day
    }
    documented = {
        known.id.partition(".")[2] for known in all_facts() if known.unit == "deprecation date"
    }
    return [name for name in values_of("Runtime") if name in documented - blocked]
