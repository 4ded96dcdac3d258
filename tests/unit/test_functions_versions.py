"""Versions and aliases as Lambda keeps them. Its words were recorded from the service.

docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refused, zipped

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
TELL = (
    "import os\n"
    "def handler(event, context):\n"
    "    return [os.environ.get('STAGE'), context.function_version, {!r}]\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def configure(cloud: Lambda, **changes: Any) -> None:
    cloud.client.update_function_configuration(FunctionName="f", **changes)


def publish(cloud: Lambda, **more: Any) -> str:
    return str(cloud.client.publish_version(FunctionName="f", **more)["Version"])


def numbers(cloud: Lambda) -> list[str]:
    listed = cloud.client.list_versions_by_function(FunctionName="f")["Versions"]
    return [version["Version"] for version in listed]


def three_versions(cloud: Lambda) -> None:
    cloud.create(TELL.format("code"), Publish=True)
    for stage in ("two", "three"):
        configure(cloud, Environment={"Variables": {"STAGE": stage}})
        publish(cloud)


def test_published_version_never_changes(cloud: Lambda) -> None:
    cloud.create(TELL.format("old"), Environment={"Variables": {"STAGE": "staging"}}, Timeout=5)
    assert publish(cloud, Description="kept") == "1"
    before = cloud.client.get_function_configuration(FunctionName="f", Qualifier="1")
    configure(
        cloud,
        Environment={"Variables": {"STAGE": "prod"}},
        Timeout=9,
        MemorySize=256,
        Description="later",
        LoggingConfig={"LogFormat": "JSON"},
        EphemeralStorage={"Size": 1024},
    )
    cloud.client.update_function_code(FunctionName="f", ZipFile=zipped(TELL.format("new")))
    cloud.client.tag_resource(Resource=ARN, Tags={"a": "1"})
    after = cloud.client.get_function_configuration(FunctionName="f", Qualifier="1")
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert (after["FunctionArn"], after["Description"]) == (f"{ARN}:1", "kept")
    assert cloud.invoke(Qualifier="1")["Payload"] == ["staging", "1", "old"]
    assert cloud.invoke()["Payload"] == ["prod", "$LATEST", "new"]


def test_nothing_new_is_not_published_again(cloud: Lambda) -> None:
    cloud.create(Publish=True)
    assert numbers(cloud) == ["$LATEST", "1"]
    assert publish(cloud, Description="not taken") == "1"
    package = zipped("x = 1")
    for _ in range(2):
        cloud.client.update_function_code(FunctionName="f", ZipFile=package)
        assert publish(cloud) == "2"
    configure(cloud, Description="other")
    assert publish(cloud) == "3"


def test_numbers_are_not_given_twice(cloud: Lambda) -> None:
    three_versions(cloud)
    cloud.client.delete_function(FunctionName="f", Qualifier="3")
    assert numbers(cloud) == ["$LATEST", "1", "2"]
    assert publish(cloud) == "4"
    assert refused(cloud.client.get_function, FunctionName="f", Qualifier="3")[2] == (
        f"Function not found: {ARN}:3"
    )


def test_publishing_with_a_change_answers_with_the_version(cloud: Lambda) -> None:
    created = cloud.create(Publish=True)
    assert (created["Version"], created["FunctionArn"]) == ("1", ARN)
    cloud.client.get_waiter("published_version_active").wait(FunctionName="f", Qualifier="1")
    changed = cloud.client.update_function_code(
        FunctionName="f", ZipFile=zipped("x = 1"), Publish=True
    )
    assert (changed["Version"], changed["FunctionArn"]) == ("2", f"{ARN}:2")
    assert changed["State"] == "Pending"
    assert "LastUpdateStatus" not in changed
    published = cloud.client.publish_version(FunctionName="f")
    assert (published["State"], published["LastUpdateStatus"]) == ("Active", "Successful")
    latest = cloud.client.get_function(FunctionName="f", Qualifier="$LATEST")["Configuration"]
    assert latest["FunctionArn"] == f"{ARN}:$LATEST"
    assert latest["CodeSha256"] == changed["CodeSha256"] != created["CodeSha256"]


def test_digest_has_to_be_that_of_the_code(cloud: Lambda) -> None:
    digest = cloud.create()["CodeSha256"]
    answer = refused(cloud.client.publish_version, FunctionName="f", CodeSha256="other")
    words = (
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({digest}). Please "
        "try again with the CodeSHA256 in $LATEST."
    )
    assert answer == ("InvalidParameterValueException", 400, words)
    assert publish(cloud, CodeSha256=digest) == "1"


def test_versions_are_deleted_one_by_one(cloud: Lambda) -> None:
    three_versions(cloud)
    client = cloud.client
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    weights = {"AdditionalVersionWeights": {"3": 0.5}}
    client.create_alias(FunctionName="f", Name="try", FunctionVersion="2", RoutingConfig=weights)
    for version, users in (("1", "live"), ("2", "try"), ("3", "try")):
        answer = refused(client.delete_function, FunctionName="f", Qualifier=version)
        words = f"Unable to delete version because the following aliases reference it: [{users}]"
        assert answer == ("ResourceConflictException", 409, words)
    client.delete_alias(FunctionName="f", Name="try")
    deleted = client.delete_function(FunctionName=f"{ARN}:2")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    client.delete_function(FunctionName="f", Qualifier="2")
    client.delete_function(FunctionName="f", Qualifier="77")
    assert numbers(cloud) == ["$LATEST", "1", "3"]
    latest = refused(client.delete_function, FunctionName="f", Qualifier="$LATEST")
    words = "$LATEST version cannot be deleted without deleting the function."
    assert latest == ("InvalidParameterValueException", 400, words)
    alias = refused(client.delete_function, FunctionName="f", Qualifier="live")
    assert alias[2] == "Deletion of aliases is not currently supported."
    assert cloud.invoke()["Payload"][1] == "$LATEST"
    assert cloud.invoke(Qualifier="3")["Payload"][1] == "3"


def test_function_is_deleted_with_all_that_is_its(cloud: Lambda) -> None:
    three_versions(cloud)
    client = cloud.client
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    client.put_function_event_invoke_config(
        FunctionName="f", Qualifier="live", MaximumRetryAttempts=0
    )
    client.delete_function(FunctionName="f")
    cloud.create(TELL.format("new"))
    assert numbers(cloud) == ["$LATEST"]
    assert client.list_aliases(FunctionName="f")["Aliases"] == []
    assert (
        client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
        == []
    )
    assert publish(cloud) == "1"


def test_settings_of_a_deleted_version_go_with_it_alone(cloud: Lambda) -> None:
    cloud.create(Publish=True)
    configure(cloud, Timeout=9)
    publish(cloud)
    for qualifier in ("1", "2"):
        cloud.client.put_function_event_invoke_config(
            FunctionName="f", Qualifier=qualifier, MaximumRetryAttempts=0
        )
    assert cloud.invoke(Qualifier="2")["Payload"]["count"] == 1
    cloud.client.delete_function(FunctionName="f", Qualifier="1")
    configs = cloud.client.list_function_event_invoke_configs(FunctionName="f")
    arns = [config["FunctionArn"] for config in configs["FunctionEventInvokeConfigs"]]
    assert arns == [f"{ARN}:2"]
    assert cloud.invoke(Qualifier="2")["Payload"]["count"] == 2, "its environment goes on"


def test_versions_come_in_pages(cloud: Lambda) -> None:
    three_versions(cloud)
    pages = cloud.client.get_paginator("list_versions_by_function").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 2}
    )
    versions = [[version["Version"] for version in page["Versions"]] for page in pages]
    assert versions == [["$LATEST", "1"], ["2", "3"]]


def test_alias_lives_from_creation_to_deletion(cloud: Lambda) -> None:
    three_versions(cloud)
    client = cloud.client
    weights = {"AdditionalVersionWeights": {"2": 0.2}}
    created = client.create_alias(
        FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=weights, Description="d"
    )
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    revision = created["RevisionId"]
    assert created == {
        "AliasArn": f"{ARN}:live",
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "d",
        "RoutingConfig": weights,
        "RevisionId": revision,
    }
    found = client.get_alias(FunctionName="f", Name="live")
    assert found.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    assert found == created
    moved = client.update_alias(
        FunctionName="f", Name="live", FunctionVersion="3", RoutingConfig={}, RevisionId=revision
    )
    assert (moved["FunctionVersion"], moved["Description"]) == ("3", "d")
    assert "RoutingConfig" not in moved
    code, status, words = refused(
        client.update_alias, FunctionName="f", Name="live", RevisionId=revision
    )
    assert (code, status) == ("PreconditionFailedException", 412)
    assert words.startswith("The Revision Id provided does not match the latest Revision Id.")
    assert cloud.invoke(Qualifier="live")["Payload"] == ["three", "3", "code"]
    client.create_alias(FunctionName="f", Name="old", FunctionVersion="1")
    listed = client.list_aliases(FunctionName="f", FunctionVersion="3")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["live"]
    for _ in range(2):
        gone = client.delete_alias(FunctionName="f", Name="live")
        assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = refused(client.get_alias, FunctionName="f", Name="live")
    words = f"Cannot find alias arn: {ARN}:live"
    assert answer == ("ResourceNotFoundException", 404, words)
    assert refused(client.update_alias, FunctionName="f", Name="live")[2] == words


def test_function_is_shown_by_its_alias(cloud: Lambda) -> None:
    three_versions(cloud)
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="2")
    for named in ({"FunctionName": "f", "Qualifier": "live"}, {"FunctionName": f"{ARN}:live"}):
        shown = cloud.client.get_function(**named)["Configuration"]
        assert (shown["FunctionArn"], shown["Version"]) == (f"{ARN}:live", "2")
        assert shown["Environment"]["Variables"] == {"STAGE": "two"}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"FunctionVersion": "10"}, "ResourceNotFoundException", f"Function not found: {ARN}:10"),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"10": 0.5}}},
            "ResourceNotFoundException",
            f"Function not found: {ARN}:10",
        ),
        (
            {"FunctionName": "none"},
            "ResourceNotFoundException",
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:none:1",
        ),
        ({"Name": "live"}, "ResourceConflictException", f"Alias already exists: {ARN}:live"),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5, "2": 0.5}}},
            "InvalidParameterValueException",
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException",
            "Invalid function version 1. Function version 1 is already included in routing "
            "configuration.",
        ),
        (
            {
                "FunctionVersion": "$LATEST",
                "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}},
            },
            "InvalidParameterValueException",
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (
            {"Name": "1"},
            "ValidationException",
            "1 validation error detected: Value '1' at 'name' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
    ],
)
def test_what_lambda_refuses_as_an_alias(
    cloud: Lambda, changes: dict[str, Any], code: str, words: str
) -> None:
    three_versions(cloud)
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    wanted = {"FunctionName": "f", "Name": "new", "FunctionVersion": "1"} | changes
    answer = refused(cloud.client.create_alias, **wanted)
    assert (answer[0], answer[2]) == (code, words)
    listed = cloud.client.list_aliases(FunctionName="f")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["live"]


def test_alias_may_follow_the_unpublished_version(cloud: Lambda) -> None:
    cloud.create(TELL.format("code"))
    cloud.client.create_alias(FunctionName="f", Name="newest", FunctionVersion="$LATEST")
    assert cloud.invoke(Qualifier="newest")["Payload"][1] == "$LATEST"


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Threads that give way to each other as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("many_switches")
def test_functions_may_be_changed_from_all_sides_at_once(cloud: Lambda) -> None:
    """Versions are numbered without gaps, every answer is whole, and no call is lost."""
    cloud.create(TELL.format("code"), Environment={"Variables": {"STAGE": "0"}})
    stop = threading.Event()
    seen: list[Any] = []

    def invoke() -> None:
        while not stop.is_set():
            seen.append(cloud.invoke(Qualifier="$LATEST")["Payload"])

    def change(thread: int) -> list[int]:
        published = []
        for turn in range(8):
            name = f"other-{thread}-{turn}"
            cloud.create(FunctionName=name)
            configure(cloud, Environment={"Variables": {"STAGE": f"{thread}-{turn}"}})
            published.append(int(publish(cloud)))
            cloud.client.create_alias(
                FunctionName="f", Name=name, FunctionVersion=str(published[-1])
            )
            cloud.client.list_functions(FunctionVersion="ALL")
            cloud.client.delete_function(FunctionName=name)
        return published

    with ThreadPoolExecutor(6) as pool:
        invoking = [pool.submit(invoke) for _ in range(2)]
        changing = [pool.submit(change, thread) for thread in range(4)]
        try:
            published = {number for each in changing for number in each.result(60)}
        finally:
            stop.set()
        for each in invoking:
            each.result(60)
    assert published == set(range(1, max(published) + 1))
    assert all(version == "$LATEST" and code == "code" for _, version, code in seen)
    assert len(cloud.client.list_aliases(FunctionName="f")["Aliases"]) == 32
    assert len(cloud.client.list_functions()["Functions"]) == 1
