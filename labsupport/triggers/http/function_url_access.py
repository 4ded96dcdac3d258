"""Who may call a function URL.

docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labsupport.credentials import ACCOUNT_ID, Credentials
from labsupport.functions.errors import ServiceError
from labsupport.iam import Ask, Caller, Gate, decide
from labsupport.iam.gate import ADMINISTRATOR
from labsupport.iam.moto_policies import caller_of

from ..moto_bridge.keys import secret_of
from .function_urls import FunctionUrl
from .messages import HttpRequest
from .signatures import is_signed_with, key_of

_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
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
        key: the lab's own.
        gate: decides by policies, None where the lab allows all.
        policy_of: gives the resource policy of a function or alias.
    """

    key: Credentials
    gate: Callable[[], Gate | None]
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
                raise _forbidden(_FORBIDDEN)
            return Identity()
        key_id = key_of(request)
        if key_id is None:
            raise _forbidden(_FORBIDDEN)
        own = key_id == self.key.access_key_id
        secret = self.key.secret_access_key if own else secret_of(key_id)
        if secret is None:
            message = "The security token included in the request is invalid."
            raise ServiceError("UnrecognizedClientException", message, 403)
        if not is_signed_with(request, path, secret):
            raise ServiceError("InvalidSignatureException", _WRONG_SIGNATURE, 403)
        gate = self.gate()
        if gate and any(gate.denies(ask, key_id, url.target.region) for ask in asks):
            raise _forbidden(_FORBIDDEN)
        return _identity(ADMINISTRATOR if own else caller_of(key_id), key_id)


def _asks(url: FunctionUrl) -> tuple[Ask, Ask]:
    arn = url.target.arn
    return (
        Ask("lambda:InvokeFunctionUrl", arn, {"lambda:functionurlauthtype": url.auth_type}),
        Ask("lambda:InvokeFunction", arn, {"lambda:invokedviafunctionurl": "true"}),
    )


def _identity(caller: Caller, key_id: str) -> Identity:
    user_id = caller.context.get("aws:userid", ACCOUNT_ID)
    iam = {
        "accessKey": key_id,
        "accountId": ACCOUNT_ID,
        "callerId": user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": user_id,
    }
    return Identity(ACCOUNT_ID, caller.arn, {"authorizer": {"iam": iam}})


def _forbidden(message: str) -> ServiceError:
    return ServiceError("AccessDeniedException", message, 403)
