"""What Lambda's API answers about functions. Its words were recorded from the service.

docs.aws.amazon.com/lambda/latest/api
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.functions.api import limits
from labsupport.functions.api.api_checks import check
from labsupport.functions.api.api_model import Call
from labsupport.functions.api.paging import page
from labsupport.functions.api.runtimes import allowed_runtimes, check_runtime
from labsupport.functions.environments import packages
from labsupport.functions.errors import ServiceError
from tests.unit.functions_lab import Lambda, refused, zipped

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
REVISION = (
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
    "API to retrieve the latest Revision Id"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def test_function_goes_from_pending_to_active_to_updated(cloud: Lambda) -> None:
    created = cloud.create(MemorySize=256, Timeout=5, Description="first")
    status = created.pop("ResponseMetadata")["HTTPStatusCode"]
    assert (status, created["State"], created["StateReasonCode"]) == (201, "Pending", "Creating")
    assert created["StateReason"] == "The function is being created."
    assert "LastUpdateStatus" not in created
    assert "Environment" not in created
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", created["LastModified"])
    cloud.client.get_waiter("function_exists").wait(FunctionName="f")
    cloud.client.get_waiter("function_active_v2").wait(FunctionName="f")
    active = cloud.client.get_function(FunctionName="f")["Configuration"]
    pending = ("State", "StateReason", "StateReasonCode", "RevisionId")
    same = {name: value for name, value in created.items() if name not in pending}
    assert same.items() <= active.items()
    assert (active["State"], active["LastUpdateStatus"]) == ("Active", "Successful")
    changed = cloud.client.update_function_configuration(
        FunctionName="f", Description="second", Environment={"Variables": {}}
    )
    assert (changed["LastUpdateStatus"], changed["State"]) == ("InProgress", "Active")
    assert changed["LastUpdateStatusReasonCode"] == "Creating"
    cloud.client.get_waiter("function_updated_v2").wait(FunctionName="f")
    after = cloud.client.get_function_configuration(FunctionName="f")
    assert after["Environment"] == {"Variables": {}}
    assert (after["Description"], after["MemorySize"]) == ("second", 256)


def test_every_change_is_a_revision_and_so_is_its_end(cloud: Lambda) -> None:
    def now() -> str:
        return str(cloud.client.get_function(FunctionName="f")["Configuration"]["RevisionId"])

    seen = [cloud.create()["RevisionId"], now()]
    for change in (
        lambda: cloud.client.update_function_code(FunctionName="f", ZipFile=zipped("x = 1")),
        lambda: cloud.client.update_function_configuration(FunctionName="f", Timeout=3),
        lambda: cloud.client.publish_version(FunctionName="f"),
    ):
        seen += [change()["RevisionId"], now()]
        assert now() == seen[-1], "looking is no change"
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("update_function_code", {"ZipFile": zipped("x = 1")}),
        ("update_function_configuration", {"Timeout": 9}),
        ("publish_version", {}),
    ],
)
def test_older_revision_is_refused(cloud: Lambda, method: str, more: dict[str, Any]) -> None:
    old = cloud.create()["RevisionId"]
    call = getattr(cloud.client, method)
    answer = refused(call, FunctionName="f", RevisionId=old, **more)
    assert answer == ("PreconditionFailedException", 412, REVISION)
    current = cloud.client.get_function_configuration(FunctionName="f")["RevisionId"]
    assert call(FunctionName="f", RevisionId=current, **more)["FunctionName"] == "f"


def test_missing_functions_are_named_as_they_were_asked_for(cloud: Lambda) -> None:
    client = cloud.client
    missing = ("ResourceNotFoundException", 404)
    plain = (*missing, f"Function not found: {ARN}")
    for method in (
        "get_function",
        "get_function_configuration",
        "delete_function",
        "get_function_concurrency",
        "list_versions_by_function",
        "list_aliases",
    ):
        assert refused(getattr(client, method), FunctionName="f") == plain
    qualified = (*missing, f"Function not found: {ARN}:7")
    assert refused(client.get_function, FunctionName="f", Qualifier="7") == qualified
    assert refused(client.get_function, FunctionName="f:7") == qualified
    assert refused(client.delete_function, FunctionName="f", Qualifier="7") == plain
    reserve = {"FunctionName": "f", "ReservedConcurrentExecutions": 1}
    latest = (*missing, f"Function not found: {ARN}:$LATEST")
    assert refused(client.put_function_concurrency, **reserve) == latest
    elsewhere = ARN.replace("us-east-1", "eu-west-1")
    unreachable = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    assert refused(client.get_function, FunctionName=elsewhere) == (*missing, unreachable)


def test_qualifiers_that_differ_are_refused(cloud: Lambda) -> None:
    words = "The derived qualifier from the function name does not match the specified qualifier."
    for method in ("get_function", "get_function_configuration", "delete_function"):
        call = getattr(cloud.client, method)
        answer = refused(call, FunctionName=f"{ARN}:1", Qualifier="$LATEST")
        assert answer == ("InvalidParameterValueException", 400, words)


def test_name_in_use_is_refused_and_nothing_is_lost(cloud: Lambda) -> None:
    cloud.create()
    with pytest.raises(ClientError) as caught:
        cloud.create("def handler(event, context): return 'other'")
    assert caught.value.response["Error"]["Code"] == "ResourceConflictException"
    assert "Function already exist: f" in str(caught.value)
    assert cloud.invoke()["Payload"]["count"] == 1


def test_function_may_be_created_by_its_arn(cloud: Lambda) -> None:
    assert cloud.create(FunctionName=ARN)["FunctionArn"] == ARN
    assert cloud.create(FunctionName="123456789012:function:g")["FunctionName"] == "g"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"FunctionName": "a" * 65}, "InvalidParameterValueException", "equal to 64"),
        ({"FunctionName": ARN + "a" * 100}, "ValidationException", "less than or equal to 140"),
        ({"FunctionName": "f:1"}, "ValidationException", "Value 'f:1' at 'functionName' failed"),
        ({"FunctionName": "a:b:c"}, "ValidationException", "regular expression pattern"),
        ({"Role": "r1"}, "ValidationException", "Value 'r1' at 'role' failed to satisfy"),
        (
            {"Role": "arn:aws:iam::123456789012:role/none"},
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        ({"Runtime": "python9"}, "InvalidParameterValueException", "or be a valid ARN"),
        (
            {"Runtime": "python3.7"},
            "InvalidParameterValueException",
            "The runtime parameter of python3.7 is no longer supported for creating or updating "
            "AWS Lambda functions. We recommend you use a supported runtime while creating or "
            "updating functions.",
        ),
        (
            {"Architectures": ["x86_64", "arm64"]},
            "ValidationException",
            "Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must "
            "have length less than or equal to 1",
        ),
        (
            {"Architectures": ["X86_64"]},
            "ValidationException",
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
            "Member must not be null]",
        ),
        ({"EphemeralStorage": {"Size": 10241}}, "ValidationException", "equal to 10240"),
        (
            {"Environment": {"Variables": {"1A": "x"}}},
            "ValidationException",
            "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, "
            "Member must not be null]",
        ),
        (
            {"SnapStart": {"ApplyOn": "PublishedVersions"}, "Runtime": "python3.11"},
            "InvalidParameterValueException",
            "python3.11 is not supported for SnapStart enabled functions.",
        ),
        (
            {"PackageType": "Image"},
            "InvalidParameterValueException",
            "Please don't provide Handler or Runtime or Layer when the intended function "
            "PackageType is Image.",
        ),
        ({"Code": {}}, "InvalidParameterValueException", "Please provide a source for function"),
        ({"Tags": {str(n): "x" for n in range(51)}}, "InvalidParameterValueException", "tag limit"),
        (
            {"VpcConfig": {"SubnetIds": ["subnet-0"], "SecurityGroupIds": ["sg-0"]}},
            "InvalidParameterValueException",
            "The subnet ID 'subnet-0' does not exist",
        ),
    ],
)
def test_what_lambda_refuses_to_create(
    cloud: Lambda, changes: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.create(**changes)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert words in error["Message"]
    assert cloud.client.list_functions()["Functions"] == []


def test_runtime_and_handler_are_mandatory_for_archives(cloud: Lambda) -> None:
    code, status, words = refused(
        cloud.client.create_function,
        FunctionName="f",
        Role=cloud.role,
        Code={"ZipFile": zipped("")},
    )
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert words.startswith("Runtime and Handler are mandatory parameters")


def test_function_may_be_a_container_image(cloud: Lambda) -> None:
    """It can be kept and shown, not run: the lab has no containers."""
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/repository:latest"
    client = cloud.client
    config = {"Command": ["app.handler"]}
    created = client.create_function(
        FunctionName="f",
        PackageType="Image",
        Role=cloud.role,
        Code={"ImageUri": uri},
        ImageConfig=config,
        Publish=True,
    )
    assert not {"Runtime", "Handler", "RuntimeVersionConfig"} & created.keys()
    assert created["ImageConfigResponse"] == {"ImageConfig": config}
    code = client.get_function(FunctionName="f", Qualifier="1")["Code"]
    assert (code["ImageUri"], code["RepositoryType"]) == (uri, "ECR")
    answer = refused(client.update_function_code, FunctionName="f", ZipFile=zipped(""))
    assert answer[2] == "Please provide ImageUri when updating a function with packageType Image."
    changed = client.update_function_code(FunctionName="f", ImageUri=uri.replace("latest", "new"))
    assert changed["CodeSha256"] != created["CodeSha256"]
    with pytest.raises(ClientError, match="container image"):
        cloud.invoke()
    cloud.create(FunctionName="g")
    answer = refused(client.update_function_code, FunctionName="g", ImageUri=uri)
    assert answer[2] == (
        "Please don't provide ImageUri when updating a function with packageType Zip."
    )


def test_settings_the_lab_has_not_are_refused(cloud: Lambda) -> None:
    with pytest.raises(ClientError, match="The lab has nothing for TenancyConfig"):
        cloud.create(TenancyConfig={"TenantIsolationMode": "PER_TENANT"})


def test_runtimes_are_blocked_from_their_day_on() -> None:
    assert "nodejs20.x" in allowed_runtimes("create", date(2027, 7, 28))
    assert "nodejs20.x" not in allowed_runtimes("create", date(2027, 7, 29))
    assert "nodejs20.x" in allowed_runtimes("update", date(2027, 7, 29))
    with pytest.raises(ServiceError, match="is no longer supported for creating"):
        check_runtime("nodejs20.x", "update", date(2027, 8, 31))


def test_archives_have_their_limits(cloud: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(*names: str, size: int = 1) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as files:
            for name in names:
                files.writestr(name, bytes(size))
        return content.getvalue()

    def error(package: bytes) -> str:
        with pytest.raises(ClientError) as caught:
            cloud.create(Code={"ZipFile": package})
        return str(caught.value)

    assert "Uploaded file must be a non-empty zip" in error(archive())
    assert "Could not unzip uploaded file. Please check your file" in error(b"no archive")
    assert "Could not unzip uploaded file." in error(archive("../outside.py"))
    monkeypatch.setattr(packages, "_most_bytes", lambda: 1000)
    assert "Unzipped size must be smaller than 1000 bytes" in error(archive("a", size=1001))


def test_upload_has_its_limit(cloud: Lambda) -> None:
    too_large = {"ZipFile": bytes(50 * 1024 * 1024 + 1)}
    settings = {"Runtime": "python3.14", "Handler": "a.b", "Role": cloud.role}
    answer = refused(cloud.client.create_function, FunctionName="f", Code=too_large, **settings)
    words = "Zipped size must be smaller than 52428800 bytes"
    assert answer == ("RequestEntityTooLargeException", 413, words)


def test_region_has_room_for_so_much_code(cloud: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    from labsupport.functions.moto_bridge import code

    cloud.create()
    almost = 300 * 1024**3 - len(zipped("x = 1")) + 1
    monkeypatch.setattr(code, "storage", lambda region: (1, almost))
    with pytest.raises(ClientError) as caught:
        cloud.create("x = 1", FunctionName="g")
    assert caught.value.response["Error"]["Code"] == "CodeStorageExceededException"
    assert "Code storage limit exceeded." in str(caught.value)


def test_code_can_be_had_from_its_location(cloud: Lambda) -> None:
    package = zipped("x = 1")
    cloud.create("x = 1")
    found = cloud.client.get_function(FunctionName="f")
    assert found["Code"]["RepositoryType"] == "S3"
    location = found["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=10) as answer:
        content = answer.read()
    assert content == package
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert found["Configuration"]["CodeSha256"] == digest
    assert found["Configuration"]["CodeSize"] == len(package)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{location}0", timeout=10)
    cloud.client.update_function_code(FunctionName="f", ZipFile=zipped("x = 2"))
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(location, timeout=10)


def test_dry_run_changes_nothing(cloud: Lambda) -> None:
    before = cloud.create()
    other = cloud.client.update_function_code(
        FunctionName="f", ZipFile=zipped("x = 1"), DryRun=True
    )
    assert other["CodeSha256"] != before["CodeSha256"]
    after = cloud.client.get_function_configuration(FunctionName="f")
    assert after["CodeSha256"] == before["CodeSha256"]
    assert cloud.invoke()["Payload"]["count"] == 1


def test_code_comes_from_s3_in_the_version_asked_for(cloud: Lambda) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_bucket_versioning(Bucket="packages", VersioningConfiguration={"Status": "Enabled"})
    source = "def handler(event, context):\n    return {}\n"
    ids = [
        s3.put_object(Bucket="packages", Key="k", Body=zipped(source.format(n)))["VersionId"]
        for n in range(2)
    ]
    place = {"S3Bucket": "packages", "S3Key": "k"}
    cloud.create(Code=place)
    assert cloud.invoke()["Payload"] == 1
    cloud.client.update_function_code(
        FunctionName="f", Architectures=["arm64"], S3ObjectVersion=ids[0], **place
    )
    assert cloud.invoke()["Payload"] == 0
    shown = cloud.client.get_function_configuration(FunctionName="f")
    assert shown["Architectures"] == ["arm64"]
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchKey"):
        cloud.client.update_function_code(FunctionName="f", S3Bucket="packages", S3Key="none")


def test_vpc_settings_are_shown(cloud: Lambda) -> None:
    ec2 = boto3.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    network = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": ["sg-0"]}
    shown = cloud.create(VpcConfig=network)["VpcConfig"]
    assert shown == {**network, "VpcId": subnet["VpcId"], "Ipv6AllowedForDualStack": False}
    gone = cloud.client.update_function_configuration(
        FunctionName="f", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )["VpcConfig"]
    empty = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}
    assert gone == {**empty, "Ipv6AllowedForDualStack": False}


def test_lists_come_in_pages(cloud: Lambda) -> None:
    names = [f"f{n}" for n in range(5)]
    for name in names:
        cloud.create(FunctionName=name, Publish=name == "f0")
    first = cloud.client.list_functions(MaxItems=3)
    rest = cloud.client.list_functions(Marker=first["NextMarker"])
    listed = first["Functions"] + rest["Functions"]
    assert [function["FunctionName"] for function in listed] == names
    assert "State" not in listed[0]
    assert "NextMarker" not in rest
    everything = cloud.client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [function["Version"] for function in everything[:2]] == ["$LATEST", "1"]
    assert everything[1]["FunctionArn"].endswith(":f0:1")
    assert len(everything) == 6
    with pytest.raises(ClientError, match="Invalid Marker"):
        cloud.client.list_functions(Marker="nonsense")


def test_no_page_has_more_than_fifty_items() -> None:
    call = Call("ListFunctions", "us-east-1", {"MaxItems": 1000})
    assert len(page("Functions", range(120), call)["Functions"]) == 50


def test_tags_live_and_die_with_the_function(cloud: Lambda) -> None:
    client = cloud.client
    before = cloud.create(Tags={"a": "1"})["RevisionId"]
    client.tag_resource(Resource=ARN, Tags={"a": "2", "b": "3"})
    assert client.list_tags(Resource=ARN)["Tags"] == {"a": "2", "b": "3"}
    found = client.get_function(FunctionName="f")
    assert found["Tags"] == {"a": "2", "b": "3"}
    assert found["Configuration"]["RevisionId"] != before
    client.untag_resource(Resource=ARN, TagKeys=["a", "none"])
    assert client.list_tags(Resource=ARN)["Tags"] == {"b": "3"}
    many = {str(number): "x" for number in range(50)}
    limit = ("InvalidParameterValueException", 400, "Number of tags exceeds resource tag limit.")
    assert refused(client.tag_resource, Resource=ARN, Tags=many) == limit
    assert client.list_tags(Resource=ARN)["Tags"] == {"b": "3"}
    nothing = "An error occurred and the request cannot be processed."
    assert refused(client.tag_resource, Resource=ARN, Tags={})[2] == nothing
    assert refused(client.tag_resource, Resource=f"{ARN}:1", Tags={"a": "1"})[2] == (
        "Tags on function aliases and versions are not supported. Please specify a function ARN."
    )
    client.delete_function(FunctionName="f")
    gone = ("ResourceNotFoundException", 404, f"Function not found: {ARN}")
    assert refused(client.list_tags, Resource=ARN) == gone


def test_reserved_concurrency_belongs_to_functions_alone(cloud: Lambda) -> None:
    cloud.create(Publish=True)
    client = cloud.client
    words = (
        "This operation is permitted on Lambda functions only. Aliases and versions do not support "
        "this operation. Please specify either a function name or an unqualified function ARN."
    )
    wrong = {"FunctionName": f"{ARN}:1", "ReservedConcurrentExecutions": 1}
    answer = refused(client.put_function_concurrency, **wrong)
    assert answer == ("InvalidParameterValueException", 400, words)
    client.put_function_concurrency(FunctionName=ARN, ReservedConcurrentExecutions=0)
    client.update_function_configuration(FunctionName="f", Timeout=9)
    found = client.get_function(FunctionName="f")
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 0
    client.delete_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="f")


def test_runtime_management_config_is_kept(cloud: Lambda) -> None:
    cloud.create()
    client = cloud.client
    shown = client.get_runtime_management_config(FunctionName="f")
    assert (shown["UpdateRuntimeOn"], shown["FunctionArn"]) == ("Auto", f"{ARN}:$LATEST")
    version = client.get_function_configuration(FunctionName="f")["RuntimeVersionConfig"]
    chosen = {"UpdateRuntimeOn": "Manual", **version}
    client.put_runtime_management_config(FunctionName="f", **chosen)
    shown = client.get_runtime_management_config(FunctionName="f", Qualifier="$LATEST")
    assert chosen.items() <= shown.items()
    with pytest.raises(ClientError, match="RuntimeVersionArn"):
        client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="Manual")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (
            {"2": 2},
            "Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
            "constraint: Map value must satisfy constraint: [Member must have value less than or "
            "equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be "
            "null]",
        ),
        (
            {"$LATEST": 0.5},
            "Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy "
            "constraint: Map keys must satisfy constraint: [Member must have length less than or "
            "equal to 1024, Member must have length greater than or equal to 1, Member must "
            "satisfy regular expression pattern: [0-9]+, Member must not be null]",
        ),
    ],
)
def test_maps_are_refused_in_the_words_of_aws(weights: dict[str, float], words: str) -> None:
    routing = {"AdditionalVersionWeights": weights}
    parameters = {"FunctionName": "f", "Name": "a", "FunctionVersion": "1"}
    with pytest.raises(ServiceError) as caught:
        check(Call("CreateAlias", "us-east-1", {**parameters, "RoutingConfig": routing}))
    assert caught.value.message == f"1 validation error detected: {words}"


def test_checks_of_configurations_need_no_lab() -> None:
    with pytest.raises(ServiceError, match="reserved keys"):
        limits.check_configuration({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "create")
