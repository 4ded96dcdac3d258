"""What the Lambda API answers when it refuses a call, in AWS's words."""

from __future__ import annotations

from dataclasses import dataclass, field

from labsupport.credentials import ACCOUNT_ID

_WITH_CAPITAL = {"ResourceNotFoundException", "AccessDeniedException"}
_WITHOUT_TYPE = {"ValidationException", "AccessDeniedException", "SerializationException"}


@dataclass
class ServiceError(Exception):
    """An error of the Lambda API, as docs.aws.amazon.com/lambda/latest/api lists them per action.

    Args:
        code: AWS's error code, for instance "ResourceNotFoundException".
        message: AWS's message; "" where AWS has none.
        status: the HTTP status it is answered with.
        extra: further members of the error, such as a throttle's Reason.
    """

    code: str
    message: str
    status: int = 400
    extra: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def body(self) -> dict[str, str | None]:
        """The members of the error's JSON body."""
        key = "Message" if self.code in _WITH_CAPITAL else "message"
        if self.code in _WITHOUT_TYPE:
            return {key: self.message or None, **self.extra}
        return {"Type": "User" if self.status < 500 else "Service", key: self.message, **self.extra}


def not_found(arn: str) -> ServiceError:
    """The error for a function, version or alias that doesn't exist."""
    return ServiceError("ResourceNotFoundException", f"Function not found: {arn}", 404)


def lab_stopped() -> ServiceError:
    """The error for an invocation that the end of the lab has cut short."""
    return ServiceError("ServiceException", "The lab was stopped during this call.", 500)


def invalid_parameter(message: str) -> ServiceError:
    """The error for a parameter value that the API can't accept."""
    return ServiceError("InvalidParameterValueException", message)


def conflict(message: str) -> ServiceError:
    """The error for a change that what exists stands against."""
    return ServiceError("ResourceConflictException", message, 409)


def revision_differs(api: str = "GetFunction/GetAlias") -> ServiceError:
    """The error for a change that was asked for on the ground of an older revision.

    Args:
        api: the API that AWS points to.
    """
    return ServiceError(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the "
        f"{api} API to retrieve the latest Revision Id",
        412,
    )


def access_denied(action: str = "", resource: str = "") -> ServiceError:
    """The error for what another account doesn't allow; AWS says why for some actions only."""
    reason = (
        f"User: arn:aws:iam::{ACCOUNT_ID}:root is not authorized to perform: {action} on "
        f"resource: {resource} because no resource-based policy allows the {action} action"
    )
    return ServiceError("AccessDeniedException", reason if action else "", 403)


def no_resource() -> ServiceError:
    """The error that AWS keeps for resources of many kinds."""
    message = "The resource you requested does not exist."
    return ServiceError("ResourceNotFoundException", message, 404)
