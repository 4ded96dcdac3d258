"""Function URLs: their configuration, and who may call them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refusal, zipped
from tests.unit.http_calls import call, make_public, signed, url_of

ECHO = "def handler(event, context):\n    return event\n"
LITERAL = "def handler(event, context):\n    return {literal}\n"


@pytest.fixture
def fresh() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create(ECHO)
        yield functions


def test_configuration_lives_from_creation_to_deletion(fresh: Lambda) -> None:
    client = fresh.client
    cors = {"AllowOrigins": ["*"], "AllowMethods": ["GET"]}
    created = client.create_function_url_config(FunctionName="f", AuthType="NONE", Cors=cors)
    assert created["Cors"] == cors
    assert created["FunctionArn"].endswith(":function:f")
    with pytest.raises(ClientError) as caught:
        client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert caught.value.response["Error"] == {
        "Code": "ResourceConflictException",
        "Message": "Failed to create function url config for [functionArn = "
        f"{created['FunctionArn']}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function",
    }
    updated = client.update_function_url_config(
        FunctionName="f", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM"
    )
    got = client.get_function_url_config(FunctionName="f")
    for shown in (updated, got):
        assert shown["FunctionUrl"] == created["FunctionUrl"]
        assert shown["AuthType"] == "AWS_IAM"
        assert shown["InvokeMode"] == "RESPONSE_STREAM"
        assert shown["Cors"] == cors
    assert got["LastModifiedTime"] > created["CreationTime"]
    client.delete_function_url_config(FunctionName="f")
    missing = ("ResourceNotFoundException", 404)
    assert refusal(client.get_function_url_config, FunctionName="f") == missing
    assert refusal(client.delete_function_url_config, FunctionName="f") == missing
    assert refusal(client.update_function_url_config, FunctionName="f") == missing
    assert call(created["FunctionUrl"]).status == 404


@pytest.mark.parametrize("qualifier", ["1", "$LATEST"])
def test_a_version_cannot_have_a_url(fresh: Lambda, qualifier: str) -> None:
    fresh.client.publish_version(FunctionName="f")
    with pytest.raises(ClientError) as caught:
        fresh.client.create_function_url_config(
            FunctionName="f", Qualifier=qualifier, AuthType="NONE"
        )
    assert "at 'qualifier' failed to satisfy constraint" in str(caught.value)


def test_what_does_not_exist_cannot_have_a_url(fresh: Lambda) -> None:
    create = fresh.client.create_function_url_config
    missing = ("ResourceNotFoundException", 404)
    assert refusal(create, FunctionName="nobody", AuthType="NONE") == missing
    assert refusal(create, FunctionName="f", Qualifier="nobody", AuthType="NONE") == missing


def test_an_alias_has_a_url_of_its_own(fresh: Lambda) -> None:
    client = fresh.client
    fresh.client.update_function_code(
        FunctionName="f", ZipFile=zipped(LITERAL.format(literal="context.invoked_function_arn"))
    )
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    make_public(fresh, "f", Qualifier="live")
    url = client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")
    client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert call(url["FunctionUrl"]).data.decode().endswith(":function:f:live")
    assert call(url_of(fresh)).status == 403, "the alias's policy says nothing of the function"
    first = client.list_function_url_configs(FunctionName="f", MaxItems=1)
    second = client.list_function_url_configs(FunctionName="f", Marker=first["NextMarker"])
    shown = [*first["FunctionUrlConfigs"], *second["FunctionUrlConfigs"]]
    assert {config["FunctionArn"].rpartition(":")[2] for config in shown} == {"f", "live"}
    assert "NextMarker" not in second


def test_a_deleted_function_loses_its_url(fresh: Lambda) -> None:
    url = fresh.client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
    fresh.client.delete_function(FunctionName="f")
    fresh.create(ECHO)
    make_public(fresh, "f")
    assert call(url).status == 404


@pytest.mark.parametrize("given", [(), ("InvokeFunctionUrl",), ("InvokeFunction",)])
def test_both_permissions_are_needed(fresh: Lambda, given: tuple[str, ...]) -> None:
    fresh.client.create_function_url_config(FunctionName="f", AuthType="NONE")
    for action in given:
        fresh.client.add_permission(
            FunctionName="f", StatementId=action, Action=f"lambda:{action}", Principal="*"
        )
    answer = call(url_of(fresh))
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"
    assert answer.json()["Message"].startswith("Forbidden. For troubleshooting Function URL")


def test_iam_urls_ask_for_a_right_signature(fresh: Lambda) -> None:
    fresh.client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    url = url_of(fresh) + "a%20b?x=1"
    own = boto3.Session().get_credentials()
    assert call(url).status == 403
    answer = call(url, headers=signed(url, own))
    assert answer.status == 200
    event = answer.json()
    assert event["requestContext"]["accountId"] == "123456789012"
    iam = event["requestContext"]["authorizer"]["iam"]
    assert iam["accessKey"] == own.access_key
    forged = signed(url, own)
    assert call(url + "&y=2", headers=forged).status == 403
    assert call(url, "POST", body=b"more", headers=forged).status == 403
    wrong = boto3.Session("AKIAAAAAAAAAAAAAAAAA", "wrong").get_credentials()
    assert call(url, headers=signed(url, wrong)).status == 403


def test_where_iam_is_enforced_the_signer_needs_both_permissions(fresh: Lambda) -> None:
    fresh.client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    iam, url = boto3.client("iam"), url_of(fresh)
    iam.create_user(UserName="u")
    made = iam.create_access_key(UserName="u")["AccessKey"]
    key = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"]).get_credentials()
    assert call(url, headers=signed(url, key)).status == 200, "the lab allows all at first"
    fresh.lab.enforce_iam()
    assert call(url, headers=signed(url, key)).status == 403
    actions = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
    allow = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    answer = call(url, headers=signed(url, key))
    assert answer.status == 200
    arn = answer.json()["requestContext"]["authorizer"]["iam"]["userArn"]
    assert arn == "arn:aws:iam::123456789012:user/u"
