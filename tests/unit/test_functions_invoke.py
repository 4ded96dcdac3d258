"""The Invoke API and the control plane around it, through boto3 and a running lab."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests.unit.functions_lab import COUNT, Lambda, refusal, wait_until, zipped


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def test_code_comes_from_s3_too(cloud: Lambda) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="f.zip", Body=zipped(COUNT))
    cloud.create(Code={"S3Bucket": "code", "S3Key": "f.zip"})
    assert cloud.invoke()["Payload"]["count"] == 1


@pytest.mark.parametrize(("bucket", "code"), [("code", "NoSuchKey"), ("none", "NoSuchBucket")])
def test_code_missing_in_s3_is_refused(cloud: Lambda, bucket: str, code: str) -> None:
    boto3.client("s3").create_bucket(Bucket="code")
    with pytest.raises(ClientError, match=f"S3 Error Code: {code}"):
        cloud.create(Code={"S3Bucket": bucket, "S3Key": "f.zip"})


def damaged(package: bytes) -> bytes:
    at = package.index(b"import")
    return package[:at] + b"Import" + package[at + 6 :]


def encrypted(package: bytes) -> bytes:
    directory = package.index(b"PK\1\2")
    return b"%s\1%s\1%s" % (package[:6], package[7 : directory + 8], package[directory + 9 :])


@pytest.mark.parametrize("spoil", [damaged, encrypted])
def test_package_that_cannot_be_unpacked_is_refused(cloud: Lambda, spoil: Any) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file") as raised:
        cloud.create(Code={"ZipFile": spoil(zipped(COUNT))})
    assert raised.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_package_whose_files_contradict_each_other_fails_when_invoked(cloud: Lambda) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index", "a file")
        archive.writestr("index/more.py", "and a folder")
    cloud.create(Code={"ZipFile": package.getvalue()})
    answer = refusal(cloud.client.invoke, FunctionName="f")
    assert answer == ("InvalidZipFileException", 502)
    cloud.client.update_function_code(FunctionName="f", ZipFile=zipped(COUNT))
    assert cloud.invoke()["Payload"]["count"] == 1


def test_an_update_that_is_no_zip_leaves_the_function_as_it_was(cloud: Lambda) -> None:
    cloud.create()
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        cloud.client.update_function_code(FunctionName="f", ZipFile=b"no archive")
    assert cloud.invoke()["Payload"]["count"] == 1


def test_updated_code_and_configuration_replace_the_environment(cloud: Lambda) -> None:
    cloud.create()
    assert [cloud.invoke()["Payload"]["count"] for _ in range(2)] == [1, 2]
    cloud.client.update_function_configuration(FunctionName="f", Timeout=4)
    assert cloud.invoke()["Payload"]["count"] == 1
    cloud.client.update_function_code(
        FunctionName="f", ZipFile=zipped("def handler(event, context): return 'new'\n")
    )
    assert cloud.invoke()["Payload"] == "new"


def test_deleted_function_loses_its_environment(cloud: Lambda) -> None:
    cloud.create()
    pid = cloud.invoke()["Payload"]["pid"]
    cloud.client.delete_function(FunctionName="f")
    assert refusal(cloud.client.invoke, FunctionName="f") == ("ResourceNotFoundException", 404)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_function_deleted_while_it_runs_loses_its_environment_too(cloud: Lambda) -> None:
    cloud.create()
    busy = threading.Thread(target=cloud.invoke, args=(b'{"seconds": 1}',))
    busy.start()
    pool = cloud.lab._data_plane.result().pool
    wait_until(lambda: any(known.invocations for known in pool.environments()))
    cloud.client.delete_function(FunctionName="f")
    busy.join(20)
    assert pool.environments() == []
    cloud.create()
    assert cloud.invoke()["Payload"]["count"] == 1


def lab_processes() -> list[psutil.Process]:
    """The wardens of this process's own labs, and what they started."""
    wardens = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if any("warden.py" in word for word in child.cmdline()):
                wardens.append(child)
    return [*wardens, *(each for warden in wardens for each in warden.children(recursive=True))]


@pytest.mark.parametrize("source", [COUNT, "import time\ntime.sleep(9)\n"])
def test_lab_stopped_in_an_invocation_leaves_nothing_to_the_next(
    cloud: Lambda, source: str
) -> None:
    cloud.create(source, Timeout=60)
    pool = cloud.lab._data_plane.result().pool
    cloud.invoke(b'{"seconds": 60}', InvocationType="Event")
    wait_until(lambda: any(known.pid for known in pool.environments()))
    (environment,) = pool.environments()
    old = lab_processes()
    assert len(old) == 2, "the warden and the environment"
    with Lab.start():
        wait_until(lambda: environment.pid is None)
        wait_until(lambda: not any(process.is_running() for process in old))
        time.sleep(0.2)
        assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert lab_processes() == []


def test_parallel_invocations_have_an_environment_each(cloud: Lambda) -> None:
    cloud.create()
    pids: list[int] = []

    def one() -> None:
        pids.append(cloud.invoke(b'{"seconds": 0.5}')["Payload"]["pid"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(pids)) == 4


def test_idle_environment_is_given_up_in_lab_time(cloud: Lambda) -> None:
    cloud.create()
    cloud.invoke()
    cloud.lab.clock.advance(hours=5)
    assert cloud.invoke()["Payload"]["count"] == 2
    cloud.lab.clock.advance(hours=5)
    assert cloud.invoke()["Payload"]["count"] == 3
    cloud.lab.clock.advance(hours=7)
    assert cloud.invoke()["Payload"]["count"] == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", "not reachable in this region"),
        ("arn:aws:lambda:xx-north-1:123456789012:function:f", "not reachable in this region"),
        ("arn:aws:lambda:us-east-1:111122223333:function:f", "not authorized to perform: lambda"),
        ("111122223333:function:f", "resource: arn:aws:lambda:us-east-1:111122223333:function:f"),
    ],
)
def test_function_of_another_region_or_account_is_out_of_reach(
    cloud: Lambda, name: str, message: str
) -> None:
    cloud.create()
    with pytest.raises(ClientError, match=message):
        cloud.invoke(FunctionName=name)


def test_dry_run_checks_and_runs_nothing(cloud: Lambda) -> None:
    cloud.create()
    assert cloud.invoke(InvocationType="DryRun")["StatusCode"] == 204
    assert cloud.invoke()["Payload"]["count"] == 1
    answer = refusal(cloud.client.invoke, FunctionName="none", InvocationType="DryRun")
    assert answer == ("ResourceNotFoundException", 404)


def test_event_is_answered_at_once_and_runs_all_the_same(cloud: Lambda) -> None:
    cloud.create()
    answer = cloud.invoke(b'{"seconds": 2}', InvocationType="Event")
    assert not cloud.lab.history.invocations, "the handler still works"
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    wait_until(lambda: cloud.lab.history.invocations)
    assert cloud.lab.history.invocations[0].invocation_type == "Event"


def test_qualifier_picks_the_version(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return context.invoked_function_arn\n")
    cloud.client.publish_version(FunctionName="f")
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    for name, qualifier, version, invoked in (
        ("f", None, "$LATEST", arn),
        ("f", "$LATEST", "$LATEST", f"{arn}:$LATEST"),
        ("f", "1", "1", f"{arn}:1"),
        ("f", "live", "1", f"{arn}:live"),
        ("f:1", None, "1", f"{arn}:1"),
        (f"{arn}:live", None, "1", f"{arn}:live"),
        ("123456789012:function:f", None, "$LATEST", arn),
    ):
        more = {"Qualifier": qualifier} if qualifier else {}
        answer = cloud.invoke(FunctionName=name, **more)
        assert (answer["ExecutedVersion"], answer["Payload"]) == (version, invoked)
    answer = refusal(cloud.client.invoke, FunctionName="f", Qualifier="99")
    assert answer == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("payload", [b"not json", b"{", b"\xff\xfe", b"NaN", b"[" * 100_000])
def test_payload_that_is_no_json_is_refused(cloud: Lambda, payload: bytes) -> None:
    cloud.create()
    answer = refusal(cloud.client.invoke, FunctionName="f", Payload=payload)
    assert answer == ("InvalidRequestContentException", 400)
    assert cloud.invoke()["Payload"]["count"] == 1


@pytest.mark.parametrize(
    ("payload", "event"), [(b"", {}), (b"null", None), (b"3", 3), (b'"x"', "x"), (b"[]", [])]
)
def test_any_json_is_an_event(cloud: Lambda, payload: bytes, event: Any) -> None:
    cloud.create()
    assert cloud.invoke(payload)["Payload"]["event"] == event


def test_payload_over_six_megabytes_is_refused(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return len(event)\n", MemorySize=512)
    assert cloud.invoke(json.dumps("x" * 6_000_000))["Payload"] == 6_000_000
    answer = refusal(cloud.client.invoke, FunctionName="f", Payload=json.dumps("x" * 6_300_000))
    assert answer == ("RequestEntityTooLargeException", 413)


def test_client_context_reaches_the_handler(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return context.client_context.custom\n")
    for custom in ({"colour": "green"}, {"Farbe": "grün", "色": "緑"}):
        text = json.dumps({"custom": custom}, indent=2, ensure_ascii=False)
        context = base64.b64encode(text.encode()).decode()
        assert cloud.invoke(ClientContext=context)["Payload"] == custom
    answer = refusal(cloud.client.invoke, FunctionName="f", ClientContext="!")
    assert answer == ("InvalidRequestContentException", 400)


def test_log_is_in_cloudwatch_logs_line_by_line(cloud: Lambda) -> None:
    cloud.create(
        "import logging\n"
        "def handler(event, context):\n"
        "    print('one\\ntwo')\n"
        "    logging.warning('three')\n"
        "    raise ValueError('four')\n"
    )
    cloud.invoke()
    events = cloud.log_events()
    kinds = [event.split()[0] for event in events]
    assert kinds == ["INIT_START", "START", "one", "two", "[WARNING]", "[ERROR]", "END", "REPORT"]
    assert "raise ValueError('four')" in events[5], "a stack trace is one event"


def test_log_tail_comes_only_when_asked_for(cloud: Lambda) -> None:
    cloud.create()
    assert "LogResult" not in cloud.invoke()
    tail = base64.b64decode(cloud.invoke(LogType="Tail")["LogResult"]).decode()
    assert tail.startswith("START RequestId")


def test_boto3_in_a_handler_reaches_the_lab_and_its_events_come_back(cloud: Lambda) -> None:
    boto3.client("s3").create_bucket(Bucket="results")
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').put_object(Bucket='results', Key='k', Body=b'from the handler')\n",
        Timeout=30,
    )
    assert "FunctionError" not in cloud.invoke()
    body = boto3.client("s3").get_object(Bucket="results", Key="k")["Body"].read()
    assert body == b"from the handler"


def test_function_may_invoke_another(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return event * 2\n", FunctionName="double")
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('lambda').invoke(FunctionName='double', Payload='21')"
        "['Payload'].read().decode()\n",
        Timeout=30,
    )
    assert cloud.invoke()["Payload"] == "42"


def test_a_function_cannot_lead_its_sdk_out_of_the_lab(cloud: Lambda) -> None:
    cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    return [boto3.client(name).meta.endpoint_url for name in ('s3', 'sqs')]\n",
        Timeout=30,
        Environment={
            "Variables": {
                "AWS_ENDPOINT_URL": "https://example.com",
                "AWS_ENDPOINT_URL_SQS": "https://example.com",
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            }
        },
    )
    assert cloud.invoke()["Payload"] == [cloud.lab.endpoint] * 2


def test_a_functions_proxy_does_not_stand_between_it_and_the_lab(cloud: Lambda) -> None:
    cloud.create(
        "import boto3, os\n"
        "def handler(event, context):\n"
        "    boto3.client('sts').get_caller_identity()\n"
        "    return os.environ['HTTP_PROXY']\n",
        Timeout=30,
        Environment={"Variables": {"HTTP_PROXY": "http://127.0.0.1:9"}},
    )
    assert cloud.invoke()["Payload"] == "http://127.0.0.1:9"


@pytest.mark.parametrize("name", ["A=B", "1A", "", "ü", "A"])
def test_variable_without_a_proper_name_is_refused(cloud: Lambda, name: str) -> None:
    with pytest.raises(ClientError, match=r"\[a-zA-Z\]\(\[a-zA-Z0-9_\]\)\+"):
        cloud.create(Environment={"Variables": {name: "x"}})


def test_reserved_variable_is_refused(cloud: Lambda) -> None:
    with pytest.raises(ClientError, match="Reserved keys used in this request: AWS_REGION"):
        cloud.create(Environment={"Variables": {"AWS_REGION": "mars-1"}})


def test_other_runtimes_can_be_created_and_say_why_they_do_not_run(cloud: Lambda) -> None:
    cloud.create(Runtime="ruby3.4")
    with pytest.raises(
        ClientError, match=r"The lab runs functions with a Python, Node\.js or OS-only"
    ):
        cloud.invoke()


def test_functions_of_another_region_run_there(cloud: Lambda) -> None:
    ireland = boto3.client("lambda", region_name="eu-west-1")
    source = "import os\ndef handler(event, context): return os.environ['AWS_REGION']\n"
    ireland.create_function(
        FunctionName="f",
        Runtime="python3.14",
        Role=cloud.role,
        Handler="index.handler",
        Code={"ZipFile": zipped(source)},
    )
    assert json.loads(ireland.invoke(FunctionName="f")["Payload"].read()) == "eu-west-1"
    assert refusal(cloud.client.invoke, FunctionName="f") == ("ResourceNotFoundException", 404)


def test_starting_again_leaves_no_process_of_the_old_lab(cloud: Lambda) -> None:
    cloud.create()
    pid = cloud.invoke()["Payload"]["pid"]
    with Lab.start():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert boto3.client("lambda").list_functions()["Functions"] == []


def test_policies_that_aws_keeps_ready_can_be_attached(cloud: Lambda) -> None:
    iam = boto3.client("iam")
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    with Lab.start():
        assert boto3.client("iam").get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0


def test_new_function_is_pending_and_then_active(cloud: Lambda) -> None:
    created = cloud.create()
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    cloud.client.get_waiter("function_active_v2").wait(FunctionName="f")
    updated = cloud.client.update_function_configuration(FunctionName="f", Timeout=4)
    assert updated["LastUpdateStatus"] == "InProgress"
    cloud.client.get_waiter("function_updated_v2").wait(FunctionName="f")


def test_a_change_needs_the_latest_revision_where_one_is_named(cloud: Lambda) -> None:
    first = cloud.create()["RevisionId"]
    config = cloud.client.get_function_configuration(FunctionName="f")
    update = cloud.client.update_function_configuration
    assert refusal(update, FunctionName="f", Timeout=4, RevisionId=first) == (
        "PreconditionFailedException",
        412,
    )
    update(FunctionName="f", Timeout=4, RevisionId=config["RevisionId"])
    assert cloud.client.get_function_configuration(FunctionName="f")["Timeout"] == 4


@pytest.mark.parametrize(
    ("setting", "most"), [({"MemorySize": 10241}, "10240"), ({"Timeout": 901}, "900")]
)
def test_more_memory_or_time_than_there_is_is_refused(
    cloud: Lambda, setting: dict[str, int], most: str
) -> None:
    with pytest.raises(ClientError, match=f"Member must have value less than or equal to {most}"):
        cloud.create(**setting)
    cloud.create()
    with pytest.raises(ClientError, match=f"Member must have value less than or equal to {most}"):
        cloud.client.update_function_configuration(FunctionName="f", **setting)
