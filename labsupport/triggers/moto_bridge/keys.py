"""The access keys that the lab's IAM and STS have issued."""

from __future__ import annotations

from labsupport.credentials import ACCOUNT_ID


def secret_of(access_key_id: str) -> str | None:
    """The secret of an active access key; None where there is no such key."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    key = iam_backends[ACCOUNT_ID]["aws"].access_keys.get(access_key_id)
    if key is not None:
        return str(key.secret_access_key) if key.status == "Active" else None
    for session in reversed(sts_backends[ACCOUNT_ID]["aws"].assumed_roles):
        if session.access_key_id == access_key_id:
            return str(session.secret_access_key)
    return None
