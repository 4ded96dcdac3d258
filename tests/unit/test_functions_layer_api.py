"""What Lambda's API answers about layers. Its words were recorded from the service.

docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refused, zipped

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:l"
CONTENT = {"ZipFile": zipped("x = 1")}
NO_RESOURCE = (
    "ResourceNotFoundException",
    404,
    "The resource you requested does not exist.",
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def publish(cloud: Lambda, name: str = "l", **more: Any) -> Any:
    return cloud.client.publish_layer_version(LayerName=name, Content=CONTENT, **more)


def test_layer_version_is_shown_as_published(cloud: Lambda) -> None:
    members = {
        "Description": "d",
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.14"],
        "CompatibleArchitectures": ["x86_64"],
    }
    published = publish(cloud, **members)
    assert published.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    assert members.items() <= published.items()
    assert (published["LayerArn"], published["LayerVersionArn"]) == (LAYER, f"{LAYER}:1")
    found = cloud.client.get_layer_version(LayerName=LAYER, VersionNumber=1)
    by_arn = cloud.client.get_layer_version_by_arn(Arn=f"{LAYER}:1")
    for each in (found, by_arn):
        del each["ResponseMetadata"]
        assert each == published
    with urllib.request.urlopen(published["Content"]["Location"], timeout=10) as answer:
        assert answer.read() == CONTENT["ZipFile"]
    plain = publish(cloud, "plain")
    assert plain["Description"] == ""
    assert "CompatibleRuntimes" not in plain


def test_numbers_of_layer_versions_are_not_given_twice(cloud: Lambda) -> None:
    for _ in range(2):
        publish(cloud)
    client = cloud.client
    for number in (1, 2, 2, 9):
        gone = client.delete_layer_version(LayerName="l", VersionNumber=number)
        assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204
    client.delete_layer_version(LayerName="none", VersionNumber=1)
    assert client.list_layer_versions(LayerName="l")["LayerVersions"] == []
    assert client.list_layers()["Layers"] == []
    assert publish(cloud)["Version"] == 3


def test_layers_are_listed_by_what_they_go_with(cloud: Lambda) -> None:
    publish(cloud, CompatibleRuntimes=["python3.13"])
    publish(cloud, CompatibleRuntimes=["python3.14"], CompatibleArchitectures=["arm64"])
    publish(cloud, "other")
    client = cloud.client
    listed = client.list_layers()["Layers"]
    assert [layer["LayerName"] for layer in listed] == ["l", "other"]
    assert listed[0]["LatestMatchingVersion"]["Version"] == 2
    for wanted, number in (
        ({"CompatibleRuntime": "python3.13"}, 1),
        ({"CompatibleArchitecture": "arm64"}, 2),
    ):
        (layer,) = client.list_layers(**wanted)["Layers"]
        assert layer["LatestMatchingVersion"]["Version"] == number
        (version,) = client.list_layer_versions(LayerName="l", **wanted)["LayerVersions"]
        assert version["Version"] == number
    pages = client.list_layer_versions(LayerName="l", MaxItems=1)
    assert [version["Version"] for version in pages["LayerVersions"]] == [2]
    rest = client.list_layer_versions(LayerName="l", Marker=pages["NextMarker"])
    assert [version["Version"] for version in rest["LayerVersions"]] == [1]


def test_missing_layer_versions_are_refused(cloud: Lambda) -> None:
    publish(cloud)
    client = cloud.client
    for name, number in (("none", 1), ("l", 2)):
        missing = {"LayerName": name, "VersionNumber": number}
        assert refused(client.get_layer_version, **missing) == NO_RESOURCE
    assert refused(client.get_layer_version_by_arn, Arn=f"{LAYER}:2") == NO_RESOURCE
    too_small = ("InvalidParameterValueException", 400, "Layer Version Cannot be less than 1")
    for method in (client.get_layer_version, client.delete_layer_version):
        assert refused(method, LayerName="l", VersionNumber=0) == too_small
    assert refused(client.get_layer_version_by_arn, Arn=LAYER)[0] == "ValidationException"


def test_what_lambda_refuses_as_a_functions_layers(cloud: Lambda) -> None:
    for _ in range(2):
        publish(cloud)
    elsewhere = boto3.client("lambda", region_name="eu-west-1").publish_layer_version(
        LayerName="l", Content=CONTENT
    )["LayerVersionArn"]
    foreign = f"{LAYER}:1".replace("123456789012", "111122223333")
    invalid = ("InvalidParameterValueException", 400)
    cloud.create(Layers=[f"{LAYER}:1"])
    expected: dict[tuple[str, ...], tuple[str, int, str]] = {
        (f"{LAYER}:1", f"{LAYER}:2"): (
            *invalid,
            "Two different versions of the same layer are not allowed to be referenced in the "
            f"same function. {LAYER}:1 and {LAYER}:2 are versions of the same layer.",
        ),
        (f"{LAYER}:9",): (*invalid, f"Layer version {LAYER}:9 does not exist."),
        (elsewhere,): (
            *invalid,
            "Layers are not in the same region as the function. Layers are expected to be in "
            "region us-east-1.",
        ),
        (foreign,): (
            "AccessDeniedException",
            403,
            "User: arn:aws:iam::123456789012:root is not authorized to perform: "
            f"lambda:GetLayerVersion on resource: {foreign} because no resource-based policy "
            "allows the lambda:GetLayerVersion action",
        ),
    }
    for layers, answer in expected.items():
        change = {"FunctionName": "f", "Layers": list(layers)}
        assert refused(cloud.client.update_function_configuration, **change) == answer
    code, _, words = refused(
        cloud.client.update_function_configuration, FunctionName="f", Layers=[LAYER]
    )
    assert code == "ValidationException"
    assert words.startswith(f"1 validation error detected: Value '[{LAYER}]' at 'layers' failed")
    shown = cloud.client.get_function_configuration(FunctionName="f")["Layers"]
    assert [layer["Arn"] for layer in shown] == [f"{LAYER}:1"]
    assert shown[0]["CodeSize"] == len(CONTENT["ZipFile"])


def test_layer_policy_lives_from_first_to_last_statement(cloud: Lambda) -> None:
    publish(cloud)
    client = cloud.client
    version = {"LayerName": "l", "VersionNumber": 1}
    none = "No policy is associated with the given resource."
    assert refused(client.get_layer_version_policy, **version)[2] == none
    permission = {**version, "Action": "lambda:GetLayerVersion", "Principal": "*"}
    added = client.add_layer_version_permission(StatementId="s1", **permission)
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{LAYER}:1",
    }
    assert json.loads(added["Statement"]) == statement
    found = client.get_layer_version_policy(**version)
    assert json.loads(found["Policy"])["Statement"] == [statement]
    assert found["RevisionId"] == added["RevisionId"]
    twice = refused(client.add_layer_version_permission, StatementId="s1", **permission)
    assert twice[:2] == ("ResourceConflictException", 409)
    assert twice[2].startswith("The statement id (s1) provided already exists.")
    old = {"StatementId": "s2", "RevisionId": "old", **permission}
    assert refused(client.add_layer_version_permission, **old) == (
        "PreconditionFailedException",
        412,
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy "
        "API to retrieve the latest Revision Id",
    )
    missing = refused(client.remove_layer_version_permission, StatementId="none", **version)
    assert missing[2] == "Statement none is not found in resource policy."
    client.remove_layer_version_permission(StatementId="s1", **version)
    assert refused(client.get_layer_version_policy, **version)[2] == none
    wrong = {**permission, "VersionNumber": 2, "StatementId": "s"}
    assert refused(client.add_layer_version_permission, **wrong) == (
        "ResourceNotFoundException",
        404,
        f"Layer version {LAYER}:2 does not exist.",
    )
