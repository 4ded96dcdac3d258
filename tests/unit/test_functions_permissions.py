"""Functions' resource-based policies, their execution roles, and who may invoke by them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.facts import fact
from labsupport.functions.api import permissions
from tests.unit.functions_lab import Lambda, refusal, wait_until

A = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{A}:function:f"
S3 = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
INVOKE = "lambda:InvokeFunction"


@pytest.fixture
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create()
        yield functions


def add(functions: Lambda, sid: str = "s", **more: Any) -> dict[str, Any]:
    arguments = {"FunctionName": "f", "StatementId": sid} | S3 | more
    answer: dict[str, Any] = functions.client.add_permission(**arguments)
    return answer


def policy(functions: Lambda, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        functions.client.get_policy(**({"FunctionName": "f"} | more))["Policy"]
    )
    return found


def message(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Message"])


def test_a_permission_is_a_statement_of_the_policy(functions: Lambda) -> None:
    answer = add(functions, SourceArn="arn:aws:s3:::bbb", SourceAccount="123456789012")
    statement = {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": INVOKE,
        "Resource": FUNCTION,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "123456789012"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bbb"},
        },
    }
    assert json.loads(answer["Statement"]) == statement
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert policy(functions) == {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": [statement],
    }


@pytest.mark.parametrize(
    ("principal", "element"),
    [
        ("123456789012", {"AWS": "arn:aws:iam::123456789012:root"}),
        ("arn:aws:iam::123456789012:role/r", {"AWS": "arn:aws:iam::123456789012:role/r"}),
        ("*", "*"),
    ],
)
def test_principals_are_named_in_full(functions: Lambda, principal: str, element: Any) -> None:
    add(functions, Principal=principal)
    assert policy(functions)["Statement"][0]["Principal"] == element


def test_permissions_that_are_refused(functions: Lambda) -> None:
    add(functions)
    with pytest.raises(ClientError) as caught:
        add(functions)
    assert caught.value.response["Error"] == {
        "Code": "ResourceConflictException",
        "Message": "The statement id (s) provided already exists. Please provide a new statement "
        "id, or remove the existing statement.",
    }
    client = functions.client
    calls = [
        ({"StatementId": "t"} | S3 | {"Principal": "nobody"}, "InvalidParameterValueException"),
        ({"StatementId": "t", "Qualifier": "$LATEST"} | S3, "InvalidParameterValueException"),
        ({"StatementId": "t", "Qualifier": "9"} | S3, "ResourceNotFoundException"),
        ({"StatementId": "t.t"} | S3, "ValidationException"),
        ({"StatementId": "t"} | S3 | {"Action": "s3:GetObject"}, "ValidationException"),
        ({"StatementId": "t", "RevisionId": "old"} | S3, "PreconditionFailedException"),
    ]
    for arguments, code in calls:
        assert refusal(client.add_permission, FunctionName="f", **arguments)[0] == code
    assert [s["Sid"] for s in policy(functions)["Statement"]] == ["s"]
    assert message(client.add_permission, FunctionName="no", StatementId="t", **S3) == (
        f"Function not found: arn:aws:lambda:{A}:function:no"
    )


def test_a_policy_has_a_greatest_length(functions: Lambda) -> None:
    limit = int(fact("limits.resource_policy_kb").value) * 1024
    arn = "arn:aws:s3:::" + "x" * 9000
    add(functions, "a", SourceArn=arn)
    add(functions, "b", SourceArn=arn)
    with pytest.raises(ClientError) as caught:
        add(functions, "c", SourceArn=arn)
    error = caught.value.response["Error"]
    assert error["Code"] == "PolicyLengthExceededException"
    assert f"is bigger than the limit ({limit})" in error["Message"]


def test_each_version_and_alias_has_a_policy_of_its_own(functions: Lambda) -> None:
    client = functions.client
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    add(functions, Qualifier="live")
    add(functions, Qualifier="1")
    assert refusal(client.get_policy, FunctionName="f") == ("ResourceNotFoundException", 404)
    for qualifier in ("live", "1"):
        [statement] = policy(functions, Qualifier=qualifier)["Statement"]
        assert statement["Resource"] == f"{FUNCTION}:{qualifier}"
    client.remove_permission(FunctionName="f", StatementId="s", Qualifier="live")
    assert refusal(client.get_policy, FunctionName="f:live") == ("ResourceNotFoundException", 404)
    assert policy(functions, FunctionName="f:1")


def test_permissions_removed(functions: Lambda) -> None:
    client, gone = functions.client, "The resource you requested does not exist."
    remove = {"FunctionName": "f", "StatementId": "s"}
    assert message(client.remove_permission, **remove) == (
        "No policy is associated with the given resource."
    )
    add(functions)
    assert message(client.remove_permission, FunctionName="f", StatementId="t") == (
        "Statement t is not found in resource policy."
    )
    assert client.remove_permission(**remove)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert message(client.get_policy, FunctionName="f") == gone
    add(functions)
    client.delete_function(FunctionName="f")
    functions.create()
    assert message(client.get_policy, FunctionName="f") == gone


def test_a_permission_is_a_revision_of_the_function(functions: Lambda) -> None:
    client = functions.client

    def revision() -> str:
        return str(client.get_function_configuration(FunctionName="f")["RevisionId"])

    before = revision()
    add(functions, RevisionId=before)
    assert revision() != before
    assert client.get_policy(FunctionName="f")["RevisionId"] == revision()


def test_a_role_must_trust_lambda(functions: Lambda) -> None:
    for name, service in (("other", "ec2.amazonaws.com"), ("nobody", None)):
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:*"}
        trust = {"Version": "2012-10-17", "Statement": [statement] if service else []}
        role = boto3.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]["Arn"]
        text = "The role defined for the function cannot be assumed by Lambda."
        change = functions.client.update_function_configuration
        assert message(functions.create, FunctionName=name, Role=role) == text
        assert message(change, FunctionName="f", Role=role) == text
        assert refusal(change, FunctionName="f", Role=role)[0] == "InvalidParameterValueException"


def test_a_bucket_needs_permission_to_invoke(functions: Lambda) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bbb")
    s3.create_bucket(Bucket="ccc")
    target = {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}
    wanted = {
        "Bucket": "bbb",
        "NotificationConfiguration": {"LambdaFunctionConfigurations": [target]},
    }
    put = s3.put_bucket_notification_configuration
    with pytest.raises(ClientError) as caught:
        put(**wanted)
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgument",
        "Message": "Unable to validate the following destination configurations",
        "ArgumentName1": f"{FUNCTION}, null",
        "ArgumentValue1": f"Not authorized to invoke function [{FUNCTION}]",
    }
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(
        Bucket="bbb"
    )
    add(functions, SourceArn="arn:aws:s3:::bbb")
    put(**wanted)
    put(**wanted | {"Bucket": "ccc", "SkipDestinationValidation": True})
    for bucket in ("bbb", "ccc"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    to_bbb, to_ccc = functions.lab.history.target_deliveries
    assert (to_bbb.error, "is not authorized" in to_ccc.error) == ("", True)


def test_a_bucket_needs_permission_to_write_to_queues_and_topics(functions: Lambda) -> None:
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    s3.create_bucket(Bucket="bbb")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    target = {"QueueArn": f"arn:aws:sqs:{A}:q", "Events": ["s3:ObjectCreated:*"]}
    wanted = {"Bucket": "bbb", "NotificationConfiguration": {"QueueConfigurations": [target]}}
    put = s3.put_bucket_notification_configuration
    assert refusal(put, **wanted) == ("InvalidArgument", 400)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": target["QueueArn"],
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bbb"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    put(**wanted)


def test_a_topic_needs_permission_to_invoke(functions: Lambda) -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
    sns.publish(TopicArn=topic, Message="nobody hears")
    add(functions, Principal="sns.amazonaws.com", SourceArn=topic)
    sns.publish(TopicArn=topic, Message="hello")
    unheard, heard = functions.lab.history.target_deliveries
    assert ("is not authorized" in unheard.error, heard.error) == (True, "")


def test_may_invoke_asks_the_policy_of_what_shall_be_invoked(functions: Lambda) -> None:
    plane = functions.lab._data_plane.result()
    rule = f"arn:aws:events:{A}:rule/daily"
    assert not plane.may_invoke(FUNCTION, "events.amazonaws.com", rule)
    add(functions, Principal="events.amazonaws.com", SourceArn=f"arn:aws:events:{A}:rule/*")
    assert plane.may_invoke(FUNCTION, "events.amazonaws.com", rule)
    assert not plane.may_invoke(FUNCTION, "events.amazonaws.com", "arn:aws:events:x:y:rule/daily")
    assert not plane.may_invoke(FUNCTION, "s3.amazonaws.com", rule)
    assert not plane.may_invoke(f"{FUNCTION}:live", "events.amazonaws.com", rule)


def grant(effect: str, action: Any, resource: str = "*") -> None:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    boto3.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document)


def test_a_dead_letter_queue_is_written_with_the_rights_of_the_role(functions: Lambda) -> None:
    sqs, lab = boto3.client("sqs"), functions.lab
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("open", "closed")}
    for name in urls:
        functions.create(
            "def handler(event, context): raise ValueError",
            FunctionName=name,
            DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{A}:{name}"},
        )
        functions.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    grant("Allow", ["sqs:SendMessage", "sqs:GetQueueUrl"], f"arn:aws:sqs:{A}:open")
    lab.enforce_iam()
    for name in ("closed", "open"):
        functions.invoke(FunctionName=name, InvocationType="Event")

    def waiting(name: str) -> int:
        attributes = sqs.get_queue_attributes(
            QueueUrl=urls[name], AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    wait_until(lambda: len(lab.history.deliveries) == 2)
    assert (waiting("open"), waiting("closed")) == (1, 0)


QUEUE, TOPIC = f"arn:aws:sqs:{A}:q", f"arn:aws:sns:{A}:t"
STREAM = f"arn:aws:kinesis:{A}:stream/s"
PROVIDED = "The provided execution role does not have permissions to call"
THE_FUNCTIONS = "The function's execution role does not have permissions to call"


@pytest.mark.parametrize(
    ("call", "parameters", "action", "expected"),
    [
        (
            "update_function_configuration",
            {"DeadLetterConfig": {"TargetArn": QUEUE}},
            "sqs:SendMessage",
            f"{PROVIDED} SendMessage on SQS",
        ),
        (
            "update_function_configuration",
            {"DeadLetterConfig": {"TargetArn": TOPIC}},
            "sns:Publish",
            f"{PROVIDED} Publish on SNS",
        ),
        (
            "update_function_configuration",
            {"TracingConfig": {"Mode": "Active"}},
            "xray:PutTraceSegments",
            f"{PROVIDED} PutTraceSegments on XRAY",
        ),
        (
            "put_function_event_invoke_config",
            {"DestinationConfig": {"OnFailure": {"Destination": TOPIC}}},
            "sns:Publish",
            f"{THE_FUNCTIONS} Publish on {TOPIC}",
        ),
        (
            "create_event_source_mapping",
            {"EventSourceArn": QUEUE},
            "sqs:*",
            "The function execution role does not have permissions to call ReceiveMessage on SQS",
        ),
        (
            "create_event_source_mapping",
            {"EventSourceArn": STREAM, "StartingPosition": "LATEST"},
            "kinesis:*",
            f"Cannot access stream {STREAM}. Please ensure the role can perform the GetRecords, "
            "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream "
            "in IAM.",
        ),
    ],
)
def test_a_role_must_be_allowed_what_a_configuration_asks_of_it(
    shared: Lambda, call: str, parameters: dict[str, Any], action: str, expected: str
) -> None:
    grant("Deny", "s3:*")
    configure = getattr(shared.client, call)
    assert message(configure, FunctionName="f", **parameters) == expected
    assert refusal(configure, FunctionName="f", **parameters)[0] == "InvalidParameterValueException"
    grant("Allow", action)
    configure(FunctionName="f", **parameters)


def test_a_role_must_be_allowed_the_network_interfaces_of_a_vpc(shared: Lambda) -> None:
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"SubnetIds": [subnet], "SecurityGroupIds": []}
    configure = shared.client.update_function_configuration
    for allowed, lacking in (
        (["s3:*"], "CreateNetworkInterface"),
        (["ec2:CreateNetworkInterface", "ec2:Describe*"], "DeleteNetworkInterface"),
    ):
        grant("Allow", allowed)
        expected = f"{PROVIDED} {lacking} on EC2"
        assert message(configure, FunctionName="f", VpcConfig=network) == expected
    grant("Allow", ["ec2:*NetworkInterface", "ec2:DescribeNetworkInterfaces"])
    assert configure(FunctionName="f", VpcConfig=network)["VpcConfig"]["SubnetIds"] == [subnet]
    grant("Deny", "ec2:*")
    leave: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}
    configure(FunctionName="f", VpcConfig=leave)


@pytest.fixture(scope="module")
def shared() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create()
        boto3.client("sqs").create_queue(QueueName="q")
        boto3.client("sns").create_topic(Name="t")
        boto3.client("kinesis").create_stream(StreamName="s", ShardCount=1)
        lab.enforce_iam()
        yield functions


def test_function_deleted_meanwhile_leaves_no_policy_to_its_successor(
    functions: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = permissions._statement
    deletion = threading.Thread(
        target=functions.client.delete_function, kwargs={"FunctionName": "f"}
    )

    def meanwhile(*arguments: Any) -> dict[str, Any]:
        deletion.start()
        deletion.join(0.5)
        return make(*arguments)

    monkeypatch.setattr(permissions, "_statement", meanwhile)
    add(functions)
    deletion.join(10)
    functions.create()
    assert refusal(functions.client.get_policy, FunctionName="f")[1] == 404
