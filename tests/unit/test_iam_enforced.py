"""A lab that enforces IAM: what users and handlers may do, and how they are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refused

ACCOUNT = "123456789012"
A = f"us-east-1:{ACCOUNT}"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
CALL = """\
import boto3
from botocore.exceptions import ClientError
def handler(event, context):
    try:
        getattr(boto3.client(event["service"]), event["call"])(**event["parameters"])
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["Error"]["Message"]]
    return ["", ""]
"""


def document(effect: str, action: Any, resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Enforced:
    """A lab that enforces IAM, with two of everything, a user and a function that makes calls."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.functions = Lambda(lab)
        self.functions.create(CALL, FunctionName="caller")
        self.functions.create(FunctionName="other")
        for name in ("mine", "other"):
            boto3.client("s3").create_bucket(Bucket=name)
            boto3.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
            boto3.client("sqs").create_queue(QueueName=name)
            boto3.client("sns").create_topic(Name=name)
            boto3.client("logs").create_log_group(logGroupName=name)
            boto3.client("dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self.functions.create(FunctionName="mine")
        self.iam = boto3.client("iam")
        self.iam.create_user(UserName="ann")
        self.key = self.iam.create_access_key(UserName="ann")["AccessKey"]
        lab.enforce_iam()

    def as_user(self, service: str) -> Any:
        return boto3.client(
            service,
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
            config=Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}),
        )

    def grant(self, policy: str) -> None:
        self.iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)
        self.iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy)

    def in_handler(self, service: str, call: str, **parameters: Any) -> list[str]:
        event = {"service": service, "call": call, "parameters": parameters}
        answer: list[str] = self.functions.invoke(json.dumps(event), FunctionName="caller")[
            "Payload"
        ]
        return answer


@pytest.fixture(scope="module")
def shared() -> Iterator[Enforced]:
    with Lab.start() as lab:
        yield Enforced(lab)


@pytest.fixture
def lab(shared: Enforced) -> Iterator[Enforced]:
    yield shared
    for owner, name in (("user", "ann"), ("role", "r")):
        owner_name = {f"{owner.title()}Name": name}
        for policy in getattr(shared.iam, f"list_{owner}_policies")(**owner_name)["PolicyNames"]:
            getattr(shared.iam, f"delete_{owner}_policy")(**owner_name, PolicyName=policy)


def queue(name: str) -> str:
    return str(boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


@dataclass(frozen=True)
class Case:
    """A call, what allows it on the resource of a name, and how it is refused on "other"."""

    service: str
    call: str
    parameters: Callable[[str], dict[str, Any]]
    action: str
    resource: str
    code: str
    status: int
    denied: str
    shown: str = ""


CASES = [
    Case(
        "s3",
        "get_object",
        lambda name: {"Bucket": name, "Key": "k"},
        "s3:GetObject",
        "arn:aws:s3:::{}/*",
        "AccessDenied",
        403,
        '"arn:aws:s3:::other/k"',
    ),
    Case(
        "sqs",
        "send_message",
        lambda name: {"QueueUrl": queue(name), "MessageBody": "x"},
        "sqs:SendMessage",
        f"arn:aws:sqs:{A}:{{}}",
        "AccessDenied",
        403,
        f"arn:aws:sqs:{A}:other",
        "sqs:sendmessage",
    ),
    Case(
        "sns",
        "publish",
        lambda name: {"TopicArn": f"arn:aws:sns:{A}:{name}", "Message": "x"},
        "sns:Publish",
        f"arn:aws:sns:{A}:{{}}",
        "AuthorizationError",
        403,
        f"arn:aws:sns:{A}:other",
        "SNS:Publish",
    ),
    Case(
        "dynamodb",
        "put_item",
        lambda name: {"TableName": name, "Item": {"pk": {"S": "x"}}},
        "dynamodb:PutItem",
        f"arn:aws:dynamodb:{A}:table/{{}}",
        "AccessDeniedException",
        400,
        f"arn:aws:dynamodb:{A}:table/other",
    ),
    Case(
        "lambda",
        "invoke",
        lambda name: {"FunctionName": name},
        "lambda:InvokeFunction",
        f"arn:aws:lambda:{A}:function:{{}}",
        "AccessDeniedException",
        403,
        f"arn:aws:lambda:{A}:function:other",
    ),
    Case(
        "logs",
        "put_retention_policy",
        lambda name: {"logGroupName": name, "retentionInDays": 1},
        "logs:PutRetentionPolicy",
        f"arn:aws:logs:{A}:log-group:{{}}:*",
        "AccessDeniedException",
        400,
        f"arn:aws:logs:{A}:log-group:other:log-stream:",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.service)
def test_one_resource_is_allowed_and_another_refused(lab: Enforced, case: Case) -> None:
    lab.grant(document("Allow", case.action, case.resource.format("mine")))
    shown = case.shown or case.action
    message = (
        f"is not authorized to perform: {shown} on resource: {case.denied} "
        f"because no identity-based policy allows the {shown} action"
    )
    call = getattr(lab.as_user(case.service), case.call)
    call(**case.parameters("mine"))
    expected = (case.code, case.status, f"User: {USER} {message}")
    assert refused(call, **case.parameters("other")) == expected
    assert lab.in_handler(case.service, case.call, **case.parameters("mine")) == ["", ""]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/caller"
    answer = lab.in_handler(case.service, case.call, **case.parameters("other"))
    assert answer == [case.code, f"User: {session} {message}"]


@pytest.mark.parametrize(
    ("service", "call", "refusal"),
    [
        ("kinesis", "list_streams", ("AccessDeniedException", 400)),
        ("iam", "list_users", ("AccessDenied", 403)),
        ("ec2", "describe_instances", ("UnauthorizedOperation", 403)),
        ("cloudwatch", "list_metrics", ("AccessDenied", 403)),
        ("secretsmanager", "list_secrets", ("AccessDeniedException", 400)),
        ("scheduler", "list_schedules", ("AccessDeniedException", 403)),
        ("route53", "list_hosted_zones", ("AccessDenied", 403)),
        ("s3", "list_buckets", ("AccessDenied", 403)),
    ],
)
def test_each_service_refuses_in_its_own_shape(
    lab: Enforced, service: str, call: str, refusal: tuple[str, int]
) -> None:
    assert refused(getattr(lab.as_user(service), call))[:2] == refusal


def test_a_head_request_is_refused_without_a_body(lab: Enforced) -> None:
    assert refused(lab.as_user("s3").head_object, Bucket="mine", Key="k") == (
        "403",
        403,
        "Forbidden",
    )


def test_listing_buckets_is_refused_without_a_resource(lab: Enforced) -> None:
    assert refused(lab.as_user("s3").list_buckets)[2] == (
        f"User: {USER} is not authorized to perform: s3:ListAllMyBuckets because no "
        "identity-based policy allows the s3:ListAllMyBuckets action"
    )


def test_everybody_may_ask_who_they_are(lab: Enforced) -> None:
    assert lab.as_user("sts").get_caller_identity()["Arn"] == USER


def test_who_may_not_list_a_bucket_is_not_told_what_is_missing(lab: Enforced) -> None:
    s3 = lab.as_user("s3")
    lab.grant(document("Allow", "s3:GetObject"))
    code, status, message = refused(s3.get_object, Bucket="mine", Key="nothing")
    assert (code, status) == ("AccessDenied", 403)
    assert 's3:ListBucket on resource: "arn:aws:s3:::mine"' in message
    lab.grant(document("Allow", ["s3:GetObject", "s3:ListBucket"]))
    assert refused(s3.get_object, Bucket="mine", Key="nothing")[0] == "NoSuchKey"


def test_delete_objects_deletes_what_it_may(lab: Enforced) -> None:
    s3 = boto3.client("s3")
    for key in ("a/1", "b/1"):
        s3.put_object(Bucket="mine", Key=key, Body=b"x")
    lab.grant(document("Allow", "s3:DeleteObject", "arn:aws:s3:::mine/a/*"))
    both = {"Objects": [{"Key": "a/1"}, {"Key": "b/1"}]}
    answer = lab.as_user("s3").delete_objects(Bucket="mine", Delete=both)
    assert [d["Key"] for d in answer["Deleted"]] == ["a/1"]
    assert [(e["Key"], e["Code"]) for e in answer["Errors"]] == [("b/1", "AccessDenied")]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="mine")["Contents"]]
    assert "a/1" not in keys
    assert "b/1" in keys
    none = lab.as_user("s3").delete_objects(Bucket="mine", Delete={"Objects": [{"Key": "b/1"}]})
    assert ([e["Key"] for e in none["Errors"]], none.get("Deleted")) == (["b/1"], None)


def test_a_copy_needs_both_sides(lab: Enforced) -> None:
    copy = {"Bucket": "mine", "Key": "copy", "CopySource": {"Bucket": "other", "Key": "k"}}
    lab.grant(document("Allow", "s3:PutObject"))
    assert "s3:GetObject" in refused(lab.as_user("s3").copy_object, **copy)[2]
    lab.grant(document("Allow", ["s3:PutObject", "s3:GetObject"]))
    lab.as_user("s3").copy_object(**copy)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_policies_of_buckets_queues_topics_and_functions_count(lab: Enforced, effect: str) -> None:
    def resource_policy(action: str, resource: str) -> str:
        return document(effect, action, resource, Principal={"AWS": USER})

    if effect == "Deny":
        lab.grant(document("Allow", "*"))
    topic, url = f"arn:aws:sns:{A}:mine", queue("mine")
    sqs, sns, s3 = boto3.client("sqs"), boto3.client("sns"), boto3.client("s3")
    s3.put_bucket_policy(
        Bucket="mine", Policy=resource_policy("s3:GetObject", "arn:aws:s3:::mine/*")
    )
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"Policy": resource_policy("sqs:SendMessage", f"arn:aws:sqs:{A}:mine")},
    )
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=resource_policy("sns:Publish", topic)
    )
    if effect == "Allow":
        boto3.client("lambda").add_permission(
            FunctionName="mine", StatementId="ann", Action="lambda:InvokeFunction", Principal=USER
        )
    calls = [
        (lab.as_user("s3").get_object, {"Bucket": "mine", "Key": "k"}),
        (lab.as_user("sqs").send_message, {"QueueUrl": url, "MessageBody": "x"}),
        (lab.as_user("sns").publish, {"TopicArn": topic, "Message": "x"}),
        *([(lab.as_user("lambda").invoke, {"FunctionName": "mine"})] if effect == "Allow" else []),
    ]
    try:
        for call, parameters in calls:
            if effect == "Allow":
                call(**parameters)
            else:
                end = refused(call, **parameters)[2][-48:]
                assert end == "with an explicit deny in a resource-based policy"
    finally:
        s3.delete_bucket_policy(Bucket="mine")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        nobody = document("Allow", "sns:Publish", topic, Principal={"AWS": ACCOUNT})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=nobody)
        if effect == "Allow":
            boto3.client("lambda").remove_permission(FunctionName="mine", StatementId="ann")


def test_a_role_is_limited_by_its_boundary_and_assumed_only_where_it_trusts(lab: Enforced) -> None:
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": USER},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
            },
        }
    )
    boundary = lab.iam.create_policy(
        PolicyName="only-sqs", PolicyDocument=document("Allow", "sqs:*")
    )["Policy"]["Arn"]
    role = lab.iam.create_role(
        RoleName="limited", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary
    )["Role"]["Arn"]
    allow_all = document("Allow", "*")
    lab.iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=allow_all)
    sts = lab.as_user("sts")
    assert refused(sts.assume_role, RoleArn=role, RoleSessionName="me") == (
        "AccessDenied",
        403,
        f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {role} because "
        "no role trust policy allows the sts:AssumeRole action",
    )
    keys = sts.assume_role(RoleArn=role, RoleSessionName="me", ExternalId="secret")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    session.client("sqs").list_queues()
    assert refused(session.client("s3").list_buckets)[2].endswith(
        "because no permissions boundary allows the s3:ListAllMyBuckets action"
    )


def test_a_users_groups_and_managed_policies_count(lab: Enforced) -> None:
    lab.iam.create_group(GroupName="readers")
    read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    lab.iam.attach_group_policy(GroupName="readers", PolicyArn=read_only)
    s3 = lab.as_user("s3")
    assert refused(s3.list_buckets)[0] == "AccessDenied"
    lab.iam.add_user_to_group(GroupName="readers", UserName="ann")
    s3.list_buckets()
    assert refused(s3.put_object, Bucket="mine", Key="k", Body=b"")[0] == "AccessDenied"
    lab.iam.remove_user_from_group(GroupName="readers", UserName="ann")


def test_a_policy_for_ones_own_items(lab: Enforced) -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    table = f"arn:aws:dynamodb:{A}:table/mine"
    lab.grant(document("Allow", "dynamodb:*", table, Condition=condition))
    client = lab.as_user("dynamodb")
    client.put_item(TableName="mine", Item={"pk": {"S": "ann"}})
    client.query(
        TableName="mine",
        KeyConditionExpression="#k = :me",
        ExpressionAttributeNames={"#k": "pk"},
        ExpressionAttributeValues={":me": {"S": "ann"}},
    )
    bob = {"pk": {"S": "bob"}}
    assert refused(client.get_item, TableName="mine", Key=bob)[0] == "AccessDeniedException"


def test_a_presigned_address_has_the_rights_of_its_key(lab: Enforced) -> None:
    import requests

    url = lab.as_user("s3").generate_presigned_url("get_object", {"Bucket": "mine", "Key": "k"})
    assert requests.get(url, timeout=5).status_code == 403
    lab.grant(document("Allow", "s3:GetObject"))
    assert requests.get(url, timeout=5).content == b"x"


def test_handing_over_a_role_needs_a_right_of_its_own(lab: Enforced) -> None:
    lab.grant(document("Allow", "lambda:*"))
    role = lab.functions.role
    change = lab.as_user("lambda").update_function_configuration
    code, _, message = refused(change, FunctionName="other", Role=role)
    assert code == "AccessDeniedException"
    assert message == (
        f"User: {USER} is not authorized to perform: iam:PassRole on resource: {role} because no "
        "identity-based policy allows the iam:PassRole action"
    )
    lab.grant(document("Allow", ["lambda:*", "iam:PassRole"]))
    change(FunctionName="other", Role=role)


def test_without_rights_on_its_log_a_function_writes_none(lab: Enforced) -> None:
    logs = boto3.client("logs")
    lab.functions.create(FunctionName="quiet", Role=lab.functions.role)
    lab.functions.invoke(FunctionName="quiet")

    def groups() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = logs.describe_log_groups(
            logGroupNamePrefix="/aws/lambda/quiet"
        )["logGroups"]
        return found

    assert groups() == []
    lab.iam.attach_role_policy(RoleName="r", PolicyArn=BASIC)
    try:
        lab.functions.invoke(FunctionName="quiet")
        assert groups()
    finally:
        lab.iam.detach_role_policy(RoleName="r", PolicyArn=BASIC)


def test_without_enforcement_everything_is_allowed_again(lab: Enforced) -> None:
    assert refused(lab.as_user("s3").list_buckets)[0] == "AccessDenied"
    assert "policies decide" in repr(lab.lab)
    lab.lab.enforce_iam(False)
    try:
        lab.as_user("s3").list_buckets()
        assert "policies decide" not in repr(lab.lab)
    finally:
        lab.lab.enforce_iam()
