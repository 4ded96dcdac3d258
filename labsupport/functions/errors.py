"""What the Lambda API answers when it refuses a call, in AWS's words."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ServiceError(Exception):
    """An error of the Lambda API, as docs.aws.amazon.com/lambda/latest/api lists them per action.

    Args:
        code: AWS's error code, for instance "ResourceNotFoundException".
        message: AWS's message.
        status: the HTTP status it is answered with.
        extra: further members of the error, such as a throttle's Reason.
    """

    code: str
    message: str
    status: int = 400
    extra: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def body(self) -> dict[str, str]:
        """The members of the error's JSON body."""
        key = "Message" if self.code == "ResourceNotFoundException" else "message"
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
