"""Who has signed a request to a function URL or an API, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labsupport.credentials import Credentials
from labsupport.functions.errors import ServiceError
from labsupport.iam import Ask, Caller, Gate
from labsupport.iam.gate import ADMINISTRATOR
from labsupport.iam.moto_policies import caller_of

from ..moto_bridge.keys import secret_of
from .messages import HttpRequest
from .signatures import is_signed_with, key_of

_WRONG = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Signer:
    """The holder of a key."""

    key_id: str
    caller: Caller


@dataclass(frozen=True)
class Signers:
    """Checks signatures, and asks the signer's policies where the lab enforces IAM.

    Args:
        key: the lab's own.
        gate: decides by policies, None where the lab allows all.
    """

    key: Credentials
    gate: Callable[[], Gate | None]

    def signer(self, request: HttpRequest, path: str) -> Signer | None:
        """Who has signed a request; None where it isn't signed.

        Args:
            path: the whole path of the request, as it was signed.

        Raises:
            ServiceError: for an unknown key and for a signature that is wrong.
        """
        key_id = key_of(request)
        if key_id is None:
            return None
        own = key_id == self.key.access_key_id
        secret = self.key.secret_access_key if own else secret_of(key_id)
        if secret is None:
            message = "The security token included in the request is invalid."
            raise ServiceError("UnrecognizedClientException", message, 403)
        if not is_signed_with(request, path, secret):
            raise ServiceError("InvalidSignatureException", _WRONG, 403)
        return Signer(key_id, ADMINISTRATOR if own else caller_of(key_id))

    def may(self, signer: Signer, region: str, *asks: Ask) -> bool:
        """Whether the signer may do all of that."""
        gate = self.gate()
        return gate is None or not any(gate.denies(ask, signer.key_id, region) for ask in asks)
