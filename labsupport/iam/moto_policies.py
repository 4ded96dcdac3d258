"""What moto keeps that decisions need: whose a key is, and the policies of users, roles, resources.

Nothing else in `labsupport.iam` knows moto.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from .evaluation import Caller
from .policies import Policy


def caller_of(access_key_id: str) -> Caller:
    """Who holds a key: an IAM user or a role's session; somebody without rights if neither."""
    from moto.iam.models import iam_backends

    iam = iam_backends[ACCOUNT_ID]["aws"]
    key = iam.access_keys.get(access_key_id)
    user = iam.users.get(key.user_name or "") if key is not None else None
    if user is not None:
        return _user(iam, user)
    session = _session(access_key_id)
    if session is None:
        return Caller(arn=f"arn:aws:iam::{ACCOUNT_ID}:user/{access_key_id}")
    return role_session(session.role_arn, session.session_name, session.policy or "")


def role_session(role_arn: str, name: str, session_policy: str = "") -> Caller:
    """A session of a role; one without rights where the role is gone."""
    role = _role(role_arn)
    short = role_arn.rpartition("/")[2]
    return Caller(
        arn=f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{short}/{name}",
        role_arn=role_arn,
        policies=_policies(role) if role else (),
        boundary=_managed(role.permissions_boundary_arn) if role else None,
        session=Policy(session_policy) if session_policy else None,
        context={
            "aws:principalarn": role_arn,
            "aws:principaltype": "AssumedRole",
            "aws:userid": f"{role.id if role else ''}:{name}",
            **_tags(role.tags if role else None),
        },
    )


def trust_policy(role_arn: str) -> str | None:
    """Who may assume a role; None where there is no such role."""
    role = _role(role_arn)
    return None if role is None else str(role.assume_role_policy_document)


def resource_policy(resource: str) -> str | None:
    """The policy on a bucket (and its objects), a queue or a topic; None where there is none."""
    service, region, name = _parts(resource)
    if service == "s3":
        policy = getattr(_bucket(name.partition("/")[0]), "policy", None)
        return policy.decode() if isinstance(policy, bytes) else policy
    if service == "sqs":
        from moto.sqs.models import sqs_backends

        queue = sqs_backends[ACCOUNT_ID][region].queues.get(name)
        return None if queue is None else queue.policy
    if service == "sns":
        from moto.sns.models import sns_backends

        topic = sns_backends[ACCOUNT_ID][region].topics.get(resource)
        return None if topic is None else str(topic.policy)
    return None


def function_role(region: str, name: str) -> str:
    """The execution role of a function, by its name or ARN; "" where there is no such function."""
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import lambda_backends

    short = (name.partition("function:")[2] or name).partition(":")[0]
    try:
        return str(lambda_backends[ACCOUNT_ID][region].get_function(short).role)
    except LambdaClientError:
        return ""


def object_exists(bucket: str, key: str) -> bool:
    """Whether a bucket has an object now; True where there is no such bucket."""
    from moto.s3.models import FakeDeleteMarker

    found = _bucket(bucket)
    if found is None:
        return True
    latest = found.keys.get(key)
    return latest is not None and not isinstance(latest, FakeDeleteMarker)


def log_streams(region: str, group: str) -> Collection[str] | None:
    """The names of a log group's streams; None where there is no such group."""
    from moto.logs.models import logs_backends

    found = logs_backends[ACCOUNT_ID][region].groups.get(group)
    return None if found is None else found.streams.keys()


def partition_key(table_arn: str, index: str = "") -> str:
    """The name of a table's or an index's partition key; "" where there is no such table."""
    from moto.dynamodb.models import dynamodb_backends

    _, region, name = _parts(table_arn)
    table = dynamodb_backends[ACCOUNT_ID][region].tables.get(name.rpartition("/")[2])
    if table is None:
        return ""
    for found in (*table.global_indexes, *table.indexes):
        if found.name == index:
            keys = found.schema
            return next((k["AttributeName"] for k in keys if k["KeyType"] == "HASH"), "")
    return str(table.hash_key_attr)


def secret_arn(region: str, name: str) -> str:
    """The ARN of a secret that a call names; "" where there is none."""
    from moto.secretsmanager.models import secretsmanager_backends

    secret = secretsmanager_backends[ACCOUNT_ID][region].secrets.get(name)
    return "" if secret is None else str(secret.arn)


def _user(iam: Any, user: Any) -> Caller:
    groups = [group for group in list(iam.groups.values()) if user in group.users]
    tags = getattr(user, "tags", None)
    return Caller(
        arn=user.arn,
        policies=sum(map(_policies, groups), _policies(user)),
        context={
            "aws:principalarn": user.arn,
            "aws:principaltype": "User",
            "aws:username": user.name,
            "aws:userid": user.id,
            **_tags(tags),
        },
    )


def _policies(owner: Any) -> tuple[Policy, ...]:
    """The policies inside and attached to a user, a group or a role."""
    inline = [Policy(_text(document)) for document in list(owner.policies.values())]
    attached = list(owner.managed_policies.values())
    return (*inline, *(Policy(_default(managed), managed.arn) for managed in attached))


def _managed(arn: str | None) -> Policy | None:
    from moto.iam.models import iam_backends

    if not arn:
        return None
    found = iam_backends[ACCOUNT_ID]["aws"].managed_policies.get(arn)
    return Policy(_default(found) if found else "", arn)


def _default(managed: Any) -> str:
    versions = [v for v in managed.versions if v.version_id == managed.default_version_id]
    return _text(versions[0].document) if versions else ""


def _text(document: Any) -> str:
    return document if isinstance(document, str) else ""


def _role(arn: str) -> Any:
    from moto.iam.models import iam_backends

    roles = iam_backends[ACCOUNT_ID]["aws"].roles
    return next((role for role in list(roles.values()) if role.arn == arn), None)


def _session(access_key_id: str) -> Any:
    from moto.sts.models import sts_backends

    sessions = sts_backends[ACCOUNT_ID]["aws"].assumed_roles
    # The newest are asked for most, and a long lab has thousands.
    return next((s for s in reversed(sessions) if s.access_key_id == access_key_id), None)


def _bucket(name: str) -> Any:
    from moto.s3.models import s3_backends

    return s3_backends[ACCOUNT_ID]["aws"].buckets.get(name)


def _tags(tags: Any) -> dict[str, str]:
    if isinstance(tags, dict):
        tags = [{"Key": k, "Value": v} if isinstance(v, str) else v for k, v in tags.items()]
    return {f"aws:principaltag/{t['Key'].lower()}": t["Value"] for t in tags or ()}


def _parts(arn: str) -> tuple[str, str, str]:
    parts = arn.split(":", 5)
    return (parts[2], parts[3], parts[5]) if len(parts) == 6 else ("", "", "")
