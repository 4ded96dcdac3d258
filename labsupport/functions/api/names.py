"""How a call names a function: by name, partial ARN or ARN, with or without a qualifier.

docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact

from ..errors import ServiceError, access_denied, invalid_parameter

LATEST = "$LATEST"
_NAME = re.compile(
    r"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>[a-z]{2,5}(?:-[a-z]+)+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True)
class FunctionName:
    """A function of the lab's account, or a version or alias of one.

    Args:
        qualifier: a version, an alias, "$LATEST", or None where the call has none.
    """

    region: str
    name: str
    qualifier: str | None = None

    @property
    def function_arn(self) -> str:
        """The ARN without a qualifier."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{self.name}"

    @property
    def arn(self) -> str:
        """The ARN, with the qualifier where there is one."""
        return f"{self.function_arn}:{self.qualifier}" if self.qualifier else self.function_arn

    @property
    def qualified_arn(self) -> str:
        """The ARN with its qualifier, $LATEST where there is none."""
        return f"{self.function_arn}:{self.qualifier or LATEST}"

    @property
    def is_alias(self) -> bool:
        """Whether the qualifier can only be an alias."""
        return bool(self.qualifier and self.qualifier != LATEST and not self.is_version)

    @property
    def is_version(self) -> bool:
        """Whether the qualifier is the number of a published version."""
        return bool(self.qualifier and self.qualifier.isdecimal())


def belongs(qualified_arn: str, arn: str) -> bool:
    """Whether a version or an alias is, or is one of, what another ARN names."""
    return arn in (qualified_arn, qualified_arn.rpartition(":")[0])


def new_function_name(region: str, text: str) -> FunctionName:
    """What a function that is to be created shall be called.

    Raises:
        ServiceError: like `function_name`, and for a qualifier or a name that is too long.
    """
    name = function_name(region, text)
    if name.qualifier:
        raise _no_name(text)
    most = int(fact("config.function_name_max_chars").value)
    if len(name.name) > most:
        raise invalid_parameter(
            f"1 validation error detected: Value '{name.name}' at 'functionName' failed to "
            f"satisfy constraint: Member must have length less than or equal to {most}"
        )
    return name


def function_name(
    region: str, text: str, qualifier: str | None = None, *, action: str = ""
) -> FunctionName:
    """What a call names.

    Args:
        region: where the call is made.
        text: a name, partial ARN or ARN.
        qualifier: the call's parameter of that name.
        action: the action as IAM calls it, for instance "InvokeFunction"; where it is given,
            another account's function is refused as one whose policy doesn't allow the action.

    Raises:
        ServiceError: for a name that can't be one, another Region, another account, or
            two qualifiers that differ.
    """
    parts = _NAME.fullmatch(text)
    if parts is None:
        raise _no_name(text)
    if parts["region"] not in (None, region):
        raise ServiceError(
            "ResourceNotFoundException",
            f"Functions from '{parts['region']}' are not reachable in this region ('{region}')",
            404,
        )
    if parts["account"] not in (None, ACCOUNT_ID):
        arn = FunctionName(region, parts["name"]).arn.replace(ACCOUNT_ID, parts["account"])
        raise access_denied(f"lambda:{action}", arn) if action else access_denied()
    if qualifier and parts["qualifier"] not in (None, qualifier):
        raise invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionName(region, parts["name"], qualifier or parts["qualifier"])


def _no_name(text: str) -> ServiceError:
    return ServiceError(
        "ValidationException",
        f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy "
        f"constraint: Member must satisfy regular expression pattern: {_PATTERN}",
    )
