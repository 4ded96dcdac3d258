"""Explanations: every rule is tried on the real error, made to happen in a lab."""

from __future__ import annotations

import concurrent.futures
import io
import json
import socket
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from course.outline import load_outline
from labsupport import Lab
from labsupport.errors import LabValueError
from labsupport.history import BatchPolled, Delivery, EventAttempt, EventEnded
from labsupport.views.explaining import explain, rules
from tests.packages import zipped
from tests.unit.functions_lab import Lambda, wait_until
from tests.unit.mappings_lab import SEE
from tests.unit.test_functions_recursion import ITSELF

GOOD = "def handler(event, context): return event\n"
HERE = "arn:aws:lambda:us-east-1:123456789012:function"
OTHERS = "arn:aws:lambda:us-east-1:999999999999:layer:l"
NO_RETRY = Config(retries={"max_attempts": 0}, connect_timeout=1, read_timeout=1)
Case = Callable[[Lambda], Any]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001, concurrency=10) as lab:
        yield Lambda(lab)


def run(body: str, event: str = "{}", **settings: Any) -> Case:
    """A function with this code, invoked once; its result as boto3 gives it."""

    def case(cloud: Lambda) -> Any:
        create(cloud, body, **settings)
        return cloud.client.invoke(FunctionName="x", Payload=event, LogType="Tail")

    return case


def handler(statement: str, **settings: Any) -> Case:
    return run(f"import os, sys, json\ndef handler(event, context):\n    {statement}\n", **settings)


def create(cloud: Lambda, body: str = GOOD, **settings: Any) -> None:
    """Function "x", anew."""
    if any(f["FunctionName"] == "x" for f in cloud.client.list_functions()["Functions"]):
        cloud.client.delete_function(FunctionName="x")
    cloud.create(body, FunctionName="x", **settings)


def error(call: Callable[[Lambda], Any]) -> Case:
    """The exception of a call that boto3 or AWS refuses."""

    def case(cloud: Lambda) -> Any:
        with pytest.raises((ClientError, BotoCoreError)) as caught:
            call(cloud)
        return caught.value

    return case


def creating(**settings: Any) -> Case:
    return error(lambda cloud: create(cloud, **settings))


def calling(action: str, **arguments: Any) -> Case:
    def call(cloud: Lambda) -> Any:
        create(cloud)
        return getattr(cloud.client, action)(**arguments)

    return error(call)


def twice(action: str, **arguments: Any) -> Case:
    def call(cloud: Lambda) -> Any:
        create(cloud)
        getattr(cloud.client, action)(**arguments)
        return getattr(cloud.client, action)(**arguments)

    return error(call)


def denied(effect: str, action: str, call: Callable[[Any], Any], service: str = "s3") -> Case:
    """A call of user "ann", who has one policy, in a lab that decides by policies."""

    def make(cloud: Lambda) -> Any:
        iam = boto3.client("iam")
        if "ann" not in [user["UserName"] for user in iam.list_users()["Users"]]:
            iam.create_user(UserName="ann")
        policy = {"Effect": effect, "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        cloud.lab.enforce_iam()
        try:
            return call(
                boto3.client(
                    service,
                    aws_access_key_id=key["AccessKeyId"],
                    aws_secret_access_key=key["SecretAccessKey"],
                )
            )
        finally:
            cloud.lab.enforce_iam(False)
            iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])

    return error(make)


def denied_in_handler(cloud: Lambda) -> Any:
    create(
        cloud, "import boto3\ndef handler(e, c): boto3.client('s3').list_buckets()\n", Timeout=20
    )
    cloud.lab.enforce_iam()
    try:
        return cloud.client.invoke(FunctionName="x")
    finally:
        cloud.lab.enforce_iam(False)


def reserved(cloud: Lambda) -> Any:
    create(cloud)
    cloud.client.put_function_concurrency(FunctionName="x", ReservedConcurrentExecutions=0)
    cloud.client.invoke(FunctionName="x")


def account_full(cloud: Lambda) -> Any:
    create(cloud, "import time\ndef handler(event, context): time.sleep(1.5)\n", Timeout=5)
    reserving = {"FunctionName": "taker", "ReservedConcurrentExecutions": 9}
    cloud.create(GOOD, FunctionName="taker")
    cloud.client.put_function_concurrency(**reserving)
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for each in [pool.submit(cloud.client.invoke, FunctionName="x") for _ in range(2)]:
                each.result()
    finally:
        cloud.client.delete_function(FunctionName="taker")


def too_fast(own: int | None) -> Case:
    def call(cloud: Lambda) -> None:
        create(cloud)
        if own:
            cloud.client.put_function_concurrency(
                FunctionName="x", ReservedConcurrentExecutions=own
            )
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: cloud.client.invoke(FunctionName="x"), range(600)))

    return error(call)


def loop(cloud: Lambda) -> Any:
    create(cloud, ITSELF, Timeout=20)
    cloud.client.invoke(FunctionName="x", Payload=b'{"left": 30}', InvocationType="Event")
    history = cloud.lab.history
    wait_until(lambda: history.throttles and history.throttles[-1].reason == "RecursiveInvocation")
    return history.throttles[-1]


def event(cloud: Lambda, body: str, minutes: int, kind: type, **config: Any) -> Any:
    """The last record of a kind after an event."""
    create(cloud, body)
    cloud.client.put_function_event_invoke_config(FunctionName="x", **config)
    cloud.client.invoke(FunctionName="x", InvocationType="Event")
    if minutes:
        cloud.lab.clock.advance(minutes=minutes)
    found = lambda: [r for r in cloud.lab.history.events if isinstance(r, kind)]  # noqa: E731
    before = len(found()) if not minutes else 0
    wait_until(lambda: len(found()) > before or minutes)
    return found()[-1]


def attempt(cloud: Lambda, body: str = "def handler(e, c): raise ValueError\n") -> Any:
    create(cloud, body)
    cloud.client.invoke(FunctionName="x", InvocationType="Event")
    cloud.lab.clock.advance(seconds=1)
    return [r for r in cloud.lab.history.events if isinstance(r, EventAttempt)][-1]


def attempt_throttled(cloud: Lambda) -> Any:
    source = "import time\ndef handler(event, context): time.sleep(1)\n"
    create(cloud, source, Timeout=5)
    cloud.client.put_function_concurrency(FunctionName="x", ReservedConcurrentExecutions=1)
    count = len(cloud.lab.history.throttles)
    for _ in range(2):
        cloud.client.invoke(FunctionName="x", InvocationType="Event")
    wait_until(lambda: len(cloud.lab.history.throttles) > count)
    attempts = lambda: [  # noqa: E731
        r
        for r in cloud.lab.history.events
        if isinstance(r, EventAttempt) and r.outcome == "throttled" and r.next_due
    ]
    wait_until(attempts)
    return attempts()[-1]


def dead_letter(cloud: Lambda) -> Any:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    create(
        cloud,
        "def handler(event, context): raise ValueError('no')\n",
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
    )
    cloud.client.put_function_event_invoke_config(FunctionName="x", MaximumRetryAttempts=0)
    cloud.client.invoke(FunctionName="x", InvocationType="Event")
    return sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=10)


def too_old(cloud: Lambda) -> Any:
    body = "def handler(event, context): raise ValueError\n"
    return event(cloud, body, 10, EventEnded, MaximumEventAgeInSeconds=60)


def stopped(cloud: Lambda) -> Any:
    create(cloud)
    cloud.client.put_function_concurrency(FunctionName="x", ReservedConcurrentExecutions=0)
    cloud.client.invoke(FunctionName="x", InvocationType="Event")
    cloud.lab.clock.advance(seconds=1)
    return [r for r in cloud.lab.history.events if isinstance(r, EventEnded)][-1]


def destination(arn: str) -> Case:
    def case(cloud: Lambda) -> Any:
        boto3.client("sqs").create_queue(QueueName="reports")
        create(cloud)
        cloud.client.put_function_event_invoke_config(
            FunctionName="x", DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
        cloud.client.invoke(FunctionName="x", InvocationType="Event")
        cloud.lab.clock.advance(seconds=1)
        return [r for r in cloud.lab.history.events if isinstance(r, Delivery)][-1]

    return case


def snap(body: str, call: Callable[[Lambda], Any]) -> Case:
    def case(cloud: Lambda) -> Any:
        create(cloud, body, SnapStart={"ApplyOn": "PublishedVersions"})
        cloud.client.publish_version(FunctionName="x")
        cloud.client.get_waiter("published_version_active").wait(
            FunctionName="x", Qualifier="1", WaiterConfig={"Delay": 1}
        )
        return call(cloud)

    return case


RESTORE_FAILS = (
    "from snapshot_restore_py import register_after_restore\n"
    "register_after_restore(lambda: 1 / 0)\n"
    "def handler(event, context): pass\n"
)


def log_of_restore(cloud: Lambda) -> str:
    boto3.client("logs").delete_log_group(logGroupName="/aws/lambda/x")
    with pytest.raises(ClientError):
        cloud.client.invoke(FunctionName="x", Qualifier="1")
    return log_text(cloud)


def log_text(cloud: Lambda) -> str:
    logs = boto3.client("logs")
    group = "/aws/lambda/x"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    return "".join(
        line["message"]
        for stream in streams
        for line in logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    )


def log(times: int) -> Case:
    def case(cloud: Lambda) -> str:
        boto3.client("logs").delete_log_group(logGroupName="/aws/lambda/x")
        create(cloud)
        for _ in range(times):
            cloud.client.invoke(FunctionName="x")
        return log_text(cloud)

    return case


def layer(cloud: Lambda) -> str:
    made = cloud.client.publish_layer_version(
        LayerName="l", Content={"ZipFile": zipped(lib="x = 1\n")}
    )
    return str(made["LayerVersionArn"])


def with_layers(arns: Callable[[Lambda], list[str]]) -> Case:
    return error(lambda cloud: create(cloud, Layers=arns(cloud)))


def archive(size: int, *, stored: bool = False) -> bytes:
    package = io.BytesIO()
    kind = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(package, "w", kind) as file:
        file.writestr("index.py", GOOD)
        for number in range(size // 10_000_000 + 1):
            file.writestr(f"data{number}", bytes(10_000_000))
    return package.getvalue()


def mapped_with_timeout(cloud: Lambda) -> None:
    create(cloud, Timeout=60)
    boto3.client("sqs").create_queue(QueueName="quick")
    cloud.client.create_event_source_mapping(
        FunctionName="x", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:quick"
    )


def mapped_without_right(cloud: Lambda) -> None:
    create(cloud)
    boto3.client("sqs").create_queue(QueueName="slow")
    cloud.lab.enforce_iam()
    try:
        cloud.client.create_event_source_mapping(
            FunctionName="x", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:slow"
        )
    finally:
        cloud.lab.enforce_iam(False)


def batch(cloud: Lambda) -> Any:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    create(cloud, SEE)
    cloud.client.create_event_source_mapping(
        FunctionName="x", EventSourceArn="arn:aws:sqs:us-east-1:123456789012:work"
    )
    cloud.lab.clock.advance(seconds=3)
    sqs.send_message(QueueUrl=url, MessageBody='{"fail": 1}')
    found = lambda: [r for r in cloud.lab.history.events if isinstance(r, BatchPolled)]  # noqa: E731
    wait_until(found)
    return found()[-1]


def other_key(cloud: Lambda) -> None:
    key = {"aws_access_key_id": "AKIAOTHER", "aws_secret_access_key": "x"}
    boto3.client("lambda", config=NO_RETRY, **key).list_functions()


def no_lab(cloud: Lambda) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        boto3.client("lambda", endpoint_url=address, config=NO_RETRY).list_functions()


def outside(cloud: Lambda) -> None:
    address = "https://lambda.us-east-1.amazonaws.com"
    boto3.client("lambda", endpoint_url=address, config=NO_RETRY).list_functions()


def impatient(cloud: Lambda) -> None:
    create(cloud, "import time\ndef handler(e, c): time.sleep(1.5)\n")
    boto3.client("lambda", config=NO_RETRY).invoke(FunctionName="x")


def without_execute_right() -> bytes:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("readme", "nothing to run")
    return package.getvalue()


def untrusting_role(cloud: Lambda) -> None:
    create(cloud, Role="arn:aws:iam::123456789012:role/nobody")


def slow_init(cloud: Lambda) -> Any:
    from labsupport.functions.environments import environment

    fact = environment.fact
    quick = lambda id: replace(fact(id), value=1) if id == "timeout.init_s" else fact(id)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "fact", quick)
        create(cloud, "import time\ntime.sleep(1.5)\n" + GOOD, Timeout=3)
        cloud.client.invoke(FunctionName="x")
    return next(phase for phase in cloud.lab.history.phases if phase.status == "timeout")


FUNCTION = {"FunctionName": "x"}
PERMISSION = {
    **FUNCTION,
    "StatementId": "s",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
}
CASES: dict[str, Case] = {
    "module-not-in-package": run(GOOD, Handler="app.handler"),
    "library-not-in-package": run("import requests\n" + GOOD),
    "import-failed": run("from json import nonsense\n" + GOOD),
    "handler-not-found": run(GOOD, Handler="index.lambda_handler"),
    "syntax-error": run("def handler(event, context) return 1\n"),
    "handler-name-malformed": run(GOOD, Handler="handler"),
    "module-of-python": run(GOOD, Handler="sys.handler"),
    "no-bootstrap": run("", Runtime="provided.al2023", Code={"ZipFile": without_execute_right()}),
    "init-timed-out": slow_init,
    "timed-out": handler("import time; time.sleep(9)", Timeout=1),
    "out-of-memory": handler("return len(bytearray(400_000_000))"),
    "process-killed": handler("os.abort()"),
    "process-exited": handler("os._exit(1)"),
    "response-too-large": handler("return 'x' * 7_000_000", MemorySize=512),
    "response-not-json": handler("import datetime; return datetime.datetime.now()"),
    "response-not-marshalled": handler("a = []; a.append(a); return a"),
    "denied-in-handler": denied_in_handler,
    "service-refused-handler": run(
        "import boto3\ndef handler(e, c): boto3.client('s3').get_object(Bucket='nope', Key='k')\n",
        Timeout=20,
    ),
    "variable-missing": handler("return os.environ['TABLE']"),
    "key-missing": handler("return event['name']"),
    "handler-arguments": run("def handler(event): return event\n"),
    "read-only": handler("raise OSError(30, 'Read-only file system', '/var/task/x')"),
    "import-in-handler": handler("import requests"),
    "hook-of-snapstart": snap(RESTORE_FAILS, log_of_restore),
    "handler-raised": handler("raise ZeroDivisionError('by nothing')"),
    "throttled-by-reservation": error(reserved),
    "throttled-by-account": error(account_full),
    "throttled-by-reserved-rate": too_fast(9),
    "throttled-by-rate": too_fast(None),
    "recursive-loop": loop,
    "other-region": calling("invoke", FunctionName=HERE.replace("us-east-1", "eu-west-1") + ":x"),
    "version-not-found": calling("invoke", **FUNCTION, Qualifier="live"),
    "function-not-found": calling("invoke", FunctionName="nope"),
    "not-found": error(lambda cloud: boto3.client("s3").get_object(Bucket="nope", Key="k")),
    "function-exists": error(lambda cloud: [cloud.create(FunctionName="same") for _ in (1, 2)]),
    "statement-exists": twice("add_permission", **PERMISSION),
    "conflict": twice("create_alias", **FUNCTION, Name="a", FunctionVersion="$LATEST"),
    "revision-differs": calling(
        "update_function_configuration", **FUNCTION, RevisionId="other", Timeout=4
    ),
    "role-not-assumable": error(untrusting_role),
    "role-lacks-right": error(mapped_without_right),
    "not-a-zip": creating(Code={"ZipFile": b"def handler"}),
    "unzipped-too-large": creating(Code={"ZipFile": archive(270_000_000)}),
    "runtime-unknown": creating(Runtime="python2.7"),
    "variables-reserved": creating(Environment={"Variables": {"AWS_REGION": "here"}}),
    "variables-too-large": creating(Environment={"Variables": {"LONG": "x" * 5000}}),
    "too-many-layers": with_layers(lambda cloud: [layer(cloud) for _ in range(6)]),
    "layer-twice": with_layers(lambda cloud: [layer(cloud), layer(cloud)]),
    "layer-missing": with_layers(lambda cloud: [layer(cloud).rpartition(":")[0] + ":99"]),
    "too-little-unreserved": calling(
        "put_function_concurrency", **FUNCTION, ReservedConcurrentExecutions=10
    ),
    "queue-timeout-too-short": error(mapped_with_timeout),
    "no-code-in-s3": creating(Code={"S3Bucket": "nope", "S3Key": "k"}),
    "invalid-parameter": calling("list_functions", Marker="nonsense"),
    "validation": creating(MemorySize=99_999),
    "not-valid": creating(Environment={"Variables": {"A": "one letter"}}),
    "parameters-of-boto3": calling("invoke", **FUNCTION, Payload={"name": "Ada"}),
    "event-too-large": calling("invoke", **FUNCTION, Payload=json.dumps("x" * 7_000_000)),
    "zip-too-large": creating(Code={"ZipFile": archive(51_000_000, stored=True)}),
    "event-not-json": calling("invoke", **FUNCTION, Payload="{'name': 'Ada'}"),
    "explicit-deny": denied("Deny", "s3:*", lambda s3: s3.list_buckets()),
    "no-resource-policy": calling(
        "get_layer_version",
        LayerName=OTHERS,
        VersionNumber=1,
    ),
    "access-denied": creating(Role="arn:aws:iam::999999999999:role/r"),
    "not-authorized": denied("Allow", "sns:*", lambda s3: s3.list_buckets()),
    "key-of-another-lab": error(other_key),
    "no-lab-there": error(no_lab),
    "outside-the-lab": error(outside),
    "client-gave-up": error(impatient),
    "snapshot-not-ready": error(
        snap(RESTORE_FAILS, lambda cloud: cloud.client.invoke(**FUNCTION, Qualifier="1"))
    ),
    "not-in-the-lab": calling("list_code_signing_configs"),
    "retries-exhausted": dead_letter,
    "event-too-old": too_old,
    "reserved-zero": stopped,
    "attempt-throttled": attempt_throttled,
    "attempt-failed": attempt,
    "not-delivered": destination("arn:aws:sqs:us-east-1:123456789012:gone"),
    "delivered": destination("arn:aws:sqs:us-east-1:123456789012:reports"),
    "event-done": lambda cloud: attempt(cloud, GOOD),
    "batch-failed": batch,
    "cold-start": log(1),
    "warm-start": log(2),
    "answered": run(GOOD),
    "queued": lambda cloud: [create(cloud), invoked(cloud, "Event")][1],
    "dry-run": lambda cloud: [create(cloud), invoked(cloud, "DryRun")][1],
}


def invoked(cloud: Lambda, kind: str) -> Any:
    return cloud.client.invoke(FunctionName="x", InvocationType=kind)


@pytest.mark.parametrize("rule", CASES)
def test_rule_explains_the_real_error(cloud: Lambda, rule: str) -> None:
    found = cloud.lab.explain(CASES[rule](cloud))
    assert found.rule == rule, f"{found.error}: {found}"
    assert "{" not in found.text.replace("{'name'", "")
    assert found.text.endswith(".")
    assert ".." not in found.text
    assert str(found).count("\n") >= 1


def test_every_rule_has_its_case() -> None:
    ids = [rule.id for rule in rules()]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(CASES)


def test_lessons_are_those_of_the_outline() -> None:
    known = {lesson.stem for lesson in load_outline().lessons}
    assert {rule.lesson for rule in rules()} <= known


def test_payload_stays_readable(cloud: Lambda) -> None:
    result = handler("return event['name']")(cloud)
    first = str(cloud.lab.explain(result))
    assert str(cloud.lab.explain(result)) == first
    assert json.loads(result["Payload"].read())["errorType"] == "KeyError"


def test_stream_stays_readable(cloud: Lambda) -> None:
    create(cloud, "def handler(event, context): return event['name']\n")
    result = cloud.client.invoke_with_response_stream(FunctionName="x")
    assert cloud.lab.explain(result).rule == "key-missing"
    assert [list(event) for event in result["EventStream"]] == [["InvokeComplete"]]


def test_record_log_payload_and_result_are_explained_alike(cloud: Lambda) -> None:
    result = handler("return event['name']")(cloud)
    payload = json.loads(result["Payload"].read())
    record = cloud.lab.history.invocations[-1]
    told = [cloud.lab.explain(each) for each in (payload, json.dumps(payload), record)]
    assert {each.rule for each in told} == {"key-missing"}
    assert all(each.happened.startswith("In line 3 of index.py, ") for each in told)
    assert len({str(each) for each in told}) == 1
    create(
        cloud, "def handler(event, context): return 1 / 0\n", LoggingConfig={"LogFormat": "JSON"}
    )
    cloud.client.invoke(FunctionName="x")
    logs = boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/x")
    assert cloud.lab.explain(logs).error == "ZeroDivisionError"


def test_result_already_read_is_explained_by_its_log(cloud: Lambda) -> None:
    result = handler("return event['name']")(cloud)
    result["Payload"].read()
    assert cloud.lab.explain(result).rule == "key-missing"


def test_unknown_error_is_said_to_be_unknown() -> None:
    response = {"Error": {"Code": "TeapotException", "Message": "Short and stout."}}
    told = explain(ClientError(response, "BrewTea"))
    assert told.rule == ""
    assert "TeapotException" in told.happened
    assert "Short and stout" in told.happened
    assert explain({"errorType": "Runtime.Strange"}).happened.endswith("AWS says nothing.")


@pytest.mark.parametrize("nothing", [None, 3, "", "hello", {}, {"Messages": []}, [], {"Body": "x"}])
def test_what_cannot_be_explained_is_refused_in_a_sentence(nothing: Any) -> None:
    with pytest.raises(LabValueError) as caught:
        explain(nothing)
    assert str(caught.value).count(".") <= 4


def test_html_is_escaped_and_links_to_a_lesson_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = explain({"errorType": "ValueError", "errorMessage": "<b>no</b>"})
    monkeypatch.chdir(tmp_path)
    assert "<a" not in told._repr_html_()
    (tmp_path / f"{told.lesson}.ipynb").touch()
    shown = told._repr_html_()
    assert f'<a href="{told.lesson}.ipynb">Lesson 02, your first function, teaches it.</a>' in shown
    assert "<b>" not in shown
