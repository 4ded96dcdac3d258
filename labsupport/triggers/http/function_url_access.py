"""Who may call a function URL.

docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.functions.errors import ServiceError
from labsupport.iam import Ask, Caller, decide

from .function_urls import FunctionUrl
from .messages import HttpRequest
from .signers import Signer, Signers

_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


@dataclass(frozen=True)
class Identity:
    """Who calls, as far as the URL's auth type asks.

    Args:
        account: "anonymous" or the account's number.
        context: the members of an event's requestContext that say who it is.
    """

    account: str = "anonymous"
    arn: str = "anonymous"
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """Decides who may call.

    A function URL needs two permissions, lambda:InvokeFunctionUrl and lambda:InvokeFunction, both
    as `dev.function_url_condition` has it. With AuthType NONE the function's policy must give them
    to everybody, in every lab. With AWS_IAM the signature must be right; what the signer's policies
    say counts only where the lab enforces IAM.

    Args:
        policy_of: gives the resource policy of a function or alias.
    """

    signers: Signers
    policy_of: Callable[[str], str | None]

    def identify(self, url: FunctionUrl, request: HttpRequest, path: str) -> Identity:
        """Who makes a request that is allowed.

        Args:
            path: the whole path of the request, as it was signed.

        Raises:
            ServiceError: 403 for one that isn't.
        """
        asks = _asks(url)
        if url.auth_type == "NONE":
            policy = self.policy_of(url.target.arn)
            if any(decide(ask, Caller(arn=""), policy) for ask in asks):
                raise _forbidden()
            return Identity()
        signer = self.signers.signer(request, path)
        if signer is None or not self.signers.may(signer, url.target.region, *asks):
            raise _forbidden()
        return _identity(signer)


def _asks(url: FunctionUrl) -> tuple[Ask, Ask]:
    arn = url.target.arn
    return (
        Ask("lambda:InvokeFunctionUrl", arn, {"lambda:functionurlauthtype": url.auth_type}),
        Ask("lambda:InvokeFunction", arn, {"lambda:invokedviafunctionurl": "true"}),
    )


def _identity(signer: Signer) -> Identity:
    caller = signer.caller
    user_id = caller.context.get("aws:userid", ACCOUNT_ID)
    iam = {
        "accessKey": signer.key_id,
        "accountId": ACCOUNT_ID,
        "callerId": user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": user_id,
    }
    return Identity(ACCOUNT_ID, caller.arn, {"authorizer": {"iam": iam}})


def _forbidden() -> ServiceError:
    return ServiceError("AccessDeniedException", _FORBIDDEN, 403)
