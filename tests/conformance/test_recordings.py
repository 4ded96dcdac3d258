"""The lab against answers recorded from the real service (see "about" in aws_recordings.json)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3

from tests.packages import zipped

from .conftest import Cloud
from .matching import differences

RECORDINGS = {
    recording["id"]: recording
    for recording in json.loads(Path(__file__).with_name("aws_recordings.json").read_text())[
        "facts"
    ]
}

ECHO = "def handler(event, context):\n    print(event)\n    return event\n"

SCENARIOS: dict[str, Callable[[Cloud], Any]] = {}


def scenario(recording_id: str) -> Callable[[Callable[[Cloud], Any]], Callable[[Cloud], Any]]:
    def register(function: Callable[[Cloud], Any]) -> Callable[[Cloud], Any]:
        SCENARIOS[recording_id] = function
        return function

    return register


@pytest.mark.parametrize("recording_id", RECORDINGS)
def test_answers_as_recorded(recording_id: str, cloud: Cloud) -> None:
    expected = RECORDINGS[recording_id]["expected"]
    assert differences(expected, SCENARIOS[recording_id](cloud)) == []


def test_every_recording_is_tried() -> None:
    assert SCENARIOS.keys() == RECORDINGS.keys()


@scenario("invoke-requestresponse")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    return cloud.invoke(InvocationType="RequestResponse")


@scenario("invoke-event-202-empty-body")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    return cloud.invoke(InvocationType="Event")


@scenario("invoke-nonexistent-function")
def _(cloud: Cloud) -> Any:
    return cloud.invoke(name="doesnotexist")


@scenario("err-unhandled-exception")
def _(cloud: Cloud) -> Any:
    source = 'def handler(event, context):\n    raise Exception("Handler fails")\n'
    cloud.create(source, module="lambda_handler_error")
    return cloud.invoke()


@scenario("timeout-response")
def _(cloud: Cloud) -> Any:
    source = 'import time\ndef handler(event, context):\n    time.sleep(event["wait"])\n'
    cloud.create(source, Timeout=1)
    return cloud.invoke({"wait": 2})


@scenario("logresult-format")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    return {"logs": cloud.invoke(LogType="Tail")["logs"].splitlines(keepends=True)}


@scenario("logresult-reqid-consistent")
def _(cloud: Cloud) -> Any:
    source = (
        "import logging\n"
        "logging.getLogger().setLevel(logging.INFO)\n"
        "def handler(event, context):\n"
        '    logging.info("RequestId log message")\n'
        "    return context.aws_request_id\n"
    )
    cloud.create(source)
    answer = cloud.invoke(LogType="Tail")
    lines = [line.rstrip("\t") for line in answer["logs"].splitlines()]
    assert all(answer["Payload"] in line for line in lines)
    return {"logs": lines}


@scenario("warm-global-state")
def _(cloud: Cloud) -> Any:
    source = (
        "counter = -1\n"
        "def handler(event, context):\n"
        "    global counter\n"
        "    counter += 1\n"
        '    return {"counter": counter}\n'
    )
    cloud.create(source)
    return {"first_invoke_result": cloud.invoke(), "second_invoke_result": cloud.invoke()}


@scenario("response-too-large")
def _(cloud: Cloud) -> Any:
    cloud.create('def handler(event, context):\n    return "a" * event["bytenum"]\n')
    event = {"bytenum": 7340032}
    return {"invoke_result": cloud.invoke(event), "invoke_result_2": cloud.invoke(event)}


@scenario("env-over-4kb")
def _(cloud: Cloud) -> Any:
    variables = {"SMALL_VAR": "ok", "LARGE_VAR": "x" * 4064}
    return cloud.create(ECHO, Environment={"Variables": variables})


@scenario("env-vars-and-context-py312")
def _(cloud: Cloud) -> Any:
    source = (
        "import os\n"
        "def handler(event, context):\n"
        "    names = ('aws_request_id function_name function_version invoked_function_arn '\n"
        "             'log_group_name log_stream_name memory_limit_in_mb').split()\n"
        "    ctx = {name: getattr(context, name) for name in names}\n"
        "    ctx['remaining_time_in_millis'] = context.get_remaining_time_in_millis()\n"
        "    return {'environment': dict(os.environ), 'ctx': ctx, 'packages': []}\n"
    )
    cloud.create(source, MemorySize=1024, Environment={"Variables": {"TEST_KEY": "TEST_VAL"}})
    payload = cloud.invoke()["Payload"]
    # The one value that has to differ: the Runtime API of AWS has an address of its own.
    assert payload["environment"]["AWS_LAMBDA_RUNTIME_API"].startswith("127.0.0.1:")
    payload["environment"]["AWS_LAMBDA_RUNTIME_API"] = "169.254.100.1:9001"
    return payload


@scenario("assumed-role-arn-2")
def _(cloud: Cloud) -> Any:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )
    cloud.create(source, name="ab")
    return cloud.invoke(name="ab")["Payload"]


@scenario("versions-code-changes")
def _(cloud: Cloud) -> Any:
    def code(version: str) -> str:
        return (
            "def handler(event, context):\n"
            f"    return {{'version_id': '{version}', 'version_from_ctx': context.function_version,"
            " 'invoked_arn': context.invoked_function_arn}\n"
        )

    def package(version: str) -> bytes:
        return zipped(handler=code(version))

    client = cloud.client
    cloud.create(code("version1"))
    client.publish_version(FunctionName="recorded")
    client.update_function_code(FunctionName="recorded", ZipFile=package("version2"))
    client.publish_version(FunctionName="recorded")
    client.update_function_code(FunctionName="recorded", ZipFile=package("version3"), Publish=True)
    client.update_function_code(FunctionName="recorded", ZipFile=package("version2"))
    return {
        "invocation_result_latest": cloud.invoke(),
        **{f"invocation_result_v{v}": cloud.invoke(Qualifier=str(v)) for v in (1, 2, 3)},
    }


@scenario("create-invalid-zip")
def _(cloud: Cloud) -> Any:
    return cloud.answer(
        cloud.client.create_function,
        FunctionName="recorded",
        Runtime="python3.12",
        Handler="handler.handler",
        Role=cloud.role,
        Code={"ZipFile": b"this is not a zipfile, just a random string"},
    )


@scenario("get-nonexistent-function")
def _(cloud: Cloud) -> Any:
    return cloud.answer(cloud.client.get_function, FunctionName="nonexisting")


@scenario("eic-lifecycle")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    client, name = cloud.client, {"FunctionName": "recorded"}
    put, update = (
        client.put_function_event_invoke_config,
        client.update_function_event_invoke_config,
    )
    return {
        "put_invokeconfig_retries_0": cloud.answer(put, **name, MaximumRetryAttempts=0),
        "put_invokeconfig_eventage_60": cloud.answer(put, **name, MaximumEventAgeInSeconds=60),
        "update_invokeconfig_retries": cloud.answer(update, **name, MaximumRetryAttempts=1),
        "get_invokeconfig": cloud.answer(client.get_function_event_invoke_config, **name),
        "list_single_invokeconfig": cloud.answer(client.list_function_event_invoke_configs, **name),
    }


CONTEXT = (
    "def handler(event, context):\n"
    "    names = ('invoked_function_arn function_version function_name memory_limit_in_mb '\n"
    "             'aws_request_id log_group_name log_stream_name client_context').split()\n"
    + "\n"
    * 50
    + "    if event.get('raise_error'):\n"
    "        raise Exception('Test exception (this is intentional)')\n"
    "    return {'event': event, 'context': {n: getattr(context, n) for n in names}}\n"
)


def _queue(name: str) -> tuple[str, str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, attributes["Attributes"]["QueueArn"]


def _message(url: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while True:
        found = boto3.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        if messages := found.get("Messages"):
            return {**messages[0], "Body": json.loads(messages[0]["Body"])}
        assert time.monotonic() < deadline, "no message came"
        time.sleep(0.05)


def _destination(cloud: Cloud, event: dict[str, Any]) -> Any:
    url, arn = _queue("destination")
    cloud.create(CONTEXT)
    cloud.client.put_function_event_invoke_config(
        FunctionName="recorded",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}},
    )
    cloud.invoke(event, InvocationType="Event")
    return _message(url)["Body"]


@scenario("destination-success-record")
def _(cloud: Cloud) -> Any:
    return _destination(cloud, {})


@scenario("destination-failure-record")
def _(cloud: Cloud) -> Any:
    record = _destination(cloud, {"raise_error": 1})
    # The line of the recorded handler is 55; ours stands elsewhere.
    (trace,) = record["responsePayload"]["stackTrace"]
    record["responsePayload"]["stackTrace"] = [
        re.sub(r"line \d+", "line 55", trace).replace("'Test", '"Test').replace("l)'", 'l)"')
    ]
    return record


@scenario("dlq-message-attributes")
def _(cloud: Cloud) -> Any:
    url, arn = _queue("dead-letters")
    cloud.create(CONTEXT, DeadLetterConfig={"TargetArn": arn})
    answer = cloud.invoke({"raise_error": 1}, InvocationType="Event")
    cloud.lab.clock.advance(minutes=4)
    message = _message(url)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert message["MessageAttributes"]["RequestID"]["StringValue"] == request_id
    return message


@scenario("throttle-sync-429")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    cloud.client.put_function_concurrency(FunctionName="recorded", ReservedConcurrentExecutions=0)
    return cloud.invoke()


@scenario("reserved-get-default")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    name, client = {"FunctionName": "recorded"}, cloud.client
    client.put_function_concurrency(**name, ReservedConcurrentExecutions=1)
    return {
        "get_function_concurrency": cloud.answer(client.get_function_concurrency, **name),
        "delete_response": cloud.answer(client.delete_function_concurrency, **name),
        "get_function_concurrency_after_delete": cloud.answer(
            client.get_function_concurrency, **name
        ),
    }


@scenario("provisioned-status")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO, Publish=True)
    version, client = {"FunctionName": "recorded", "Qualifier": "1"}, cloud.client
    put = cloud.answer(
        client.put_provisioned_concurrency_config, **version, ProvisionedConcurrentExecutions=5
    )
    deadline = time.monotonic() + 20
    get = client.get_provisioned_concurrency_config
    while get(**version)["Status"] != "READY":
        assert time.monotonic() < deadline, "not ready in time"
        time.sleep(0.05)
    return {"put_provisioned_5": put, "get_provisioned_postwait": cloud.answer(get, **version)}


@scenario("function-state-pending-active")
def _(cloud: Cloud) -> Any:
    created = cloud.create(ECHO)
    cloud.client.get_waiter("function_active_v2").wait(FunctionName="recorded")
    return {
        "create-fn-response": created,
        "get-fn-response": cloud.answer(cloud.client.get_function, FunctionName="recorded"),
    }


@scenario("alias-delete-missing")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    return cloud.answer(cloud.client.delete_alias, FunctionName="recorded", Name="non-existent")


@scenario("six-layers")
def _(cloud: Cloud) -> Any:
    layers = [
        cloud.client.publish_layer_version(
            LayerName=f"layer-{number}", Content={"ZipFile": zipped(module="")}
        )["LayerVersionArn"]
        for number in range(6)
    ]
    return cloud.create(ECHO, Layers=layers)


@scenario("metrics-invocations")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    cloud.invoke()
    now = cloud.lab.clock.now()
    dimensions = [{"Name": "FunctionName", "Value": "recorded"}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    return cloud.answer(
        boto3.client("cloudwatch").get_metric_data,
        MetricDataQueries=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
    )


def _function_url(cloud: Cloud, source: str) -> Any:
    cloud.create(source)
    name = {"FunctionName": "recorded"}
    url = cloud.client.create_function_url_config(**name, AuthType="NONE")["FunctionUrl"]
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        cloud.client.add_permission(
            **name, StatementId=action, Action=f"lambda:{action}", Principal="*"
        )
    answer = urllib3.request("GET", url, timeout=20)
    return {
        "statuscode": answer.status,
        "headers": dict(answer.headers),
        "content": answer.json(),
    }


@scenario("url-dict-body")
def _(cloud: Cloud) -> Any:
    return _function_url(cloud, 'def handler(event, context):\n    return {"hello": "world"}\n')


@scenario("url-http-response")
def _(cloud: Cloud) -> Any:
    body = json.dumps({"hello": "world"})
    source = f"def handler(event, context):\n    return {{'statusCode': 200, 'body': {body!r}}}\n"
    return _function_url(cloud, source)


@scenario("s3-event")
def _(cloud: Cloud) -> Any:
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    record = event['Records'][0]\n"
        "    seen = boto3.resource('dynamodb').Table('seen')\n"
        "    seen.put_item(Item={'id': '1', 'record': record})\n"
    )
    boto3.client("dynamodb").create_table(
        TableName="seen",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="uploads")
    function = cloud.create(source)["FunctionArn"]
    cloud.client.add_permission(
        FunctionName="recorded",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::uploads",
    )
    events = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration={"LambdaFunctionConfigurations": [events]}
    )
    s3.put_object(Bucket="uploads", Key="key", Body=b"something..")
    cloud.lab.clock.advance(seconds=1)
    (item,) = boto3.client("dynamodb").scan(TableName="seen")["Items"]
    return item["record"]


REMEMBER = (
    "import json, os, boto3\n"
    "def handler(event, context):\n"
    "    boto3.client('sqs').send_message(\n"
    "        QueueUrl=os.environ['SEEN'], MessageBody=json.dumps(event))\n"
    "    if 'fail' in os.environ:\n"
    "        raise Exception('failed attempt')\n"
    "    return {}\n"
)


def _polled(cloud: Cloud, queue_arn: str, *, fail: bool = False, **more: Any) -> tuple[Any, str]:
    """A mapping that is enabled, and the queue that its function writes its events to."""
    seen, _ = _queue("seen")
    cloud.create(
        REMEMBER, Environment={"Variables": {"SEEN": seen} | ({"fail": "1"} if fail else {})}
    )
    created = cloud.answer(
        cloud.client.create_event_source_mapping,
        FunctionName="recorded",
        EventSourceArn=queue_arn,
        **more,
    )
    cloud.lab.clock.advance(seconds=5)
    return created, seen


def _stream(name: str = "stream") -> str:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    shown = kinesis.describe_stream_summary(StreamName=name)
    return str(shown["StreamDescriptionSummary"]["StreamARN"])


@scenario("esm-kinesis-record-shape")
def _(cloud: Cloud) -> Any:
    _, seen = _polled(cloud, _stream(), StartingPosition="LATEST")
    data = json.dumps({"should_fail": False})
    boto3.client("kinesis").put_record(StreamName="stream", Data=data, PartitionKey="test_0")
    return _message(seen)["Body"]["Records"][0]


@scenario("esm-kinesis-onfailure-sqs")
def _(cloud: Cloud) -> Any:
    url, arn = _queue("failures")
    _polled(
        cloud,
        _stream(),
        fail=True,
        StartingPosition="TRIM_HORIZON",
        BatchSize=1,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    boto3.client("kinesis").put_record(StreamName="stream", Data="{}", PartitionKey="test")
    return _message(url)["Body"]


@scenario("esm-ddb-event")
def _(cloud: Cloud) -> Any:
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "my_partition_key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "my_partition_key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    created, seen = _polled(
        cloud,
        table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=1,
        MaximumBatchingWindowInSeconds=1,
        MaximumRetryAttempts=1,
    )
    item = {"my_partition_key": {"S": "hello world"}, "binary_key": {"B": b"foobar"}}
    dynamodb.put_item(TableName="table", Item=item)
    return {
        "create_event_source_mapping_response": created,
        "event_logs": [_message(seen)["Body"]],
    }


def _event(seen: str) -> Any:
    event = _message(seen)["Body"]
    for record in event["Records"]:
        record["body"] = json.loads(record["body"])
    return event


@scenario("esm-sqs-create-and-event")
def _(cloud: Cloud) -> Any:
    url, arn = _queue("polled")
    created, seen = _polled(cloud, arn, MaximumBatchingWindowInSeconds=1)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"foo": "bar"}))
    return {"create-event-source-mapping-response": created, "events": [_event(seen)]}


@scenario("esm-sqs-redrive-dlq")
def _(cloud: Cloud) -> Any:
    url, arn = _queue("polled")
    dead_url, dead_arn = _queue("dead-letters")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    boto3.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "5"}
    )
    _, seen = _polled(cloud, arn, fail=True, BatchSize=1)
    body = {"destination": "<queue-url:1>", "fail_attempts": 2}
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    message = _message(dead_url)
    counts = [_event(seen)["Records"][0]["attributes"]["ApproximateReceiveCount"] for _ in "12"]
    assert counts == ["1", "2"]
    return message


@scenario("esm-sqs-batch-empty-result")
def _(cloud: Cloud) -> Any:
    url, arn = _queue("polled")
    _, seen = _polled(cloud, arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    _event(seen)
    cloud.lab.clock.advance(minutes=2)
    shown = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    assert shown["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert shown["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
    return {}


@scenario("esm-sqs-no-queue")
def _(cloud: Cloud) -> Any:
    cloud.create(ECHO)
    return cloud.answer(
        cloud.client.create_event_source_mapping,
        FunctionName="recorded",
        EventSourceArn="arn:aws:sqs:us-east-1:123456789012:missing",
    )


def _filtered(cloud: Cloud, pattern: Any, matching: Any, other: Any) -> Any:
    url, arn = _queue("polled")
    filters = {"Filters": [{"Pattern": json.dumps(pattern)}]}
    _, seen = _polled(cloud, arn, FilterCriteria=filters, MaximumBatchingWindowInSeconds=1)
    for body in (other, matching):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))
    events = [_event(seen)]
    assert "Messages" not in boto3.client("sqs").receive_message(QueueUrl=seen)
    assert "Messages" not in boto3.client("sqs").receive_message(QueueUrl=url)
    return events


@scenario("esm-sqs-filter-and")
def _(cloud: Cloud) -> Any:
    one, two = "my-key-one", "my-key-two"
    return _filtered(
        cloud,
        {"body": {one: ["other-filter", "my-value-one"], two: ["my-value-two"]}},
        {one: "my-value-one", two: "my-value-two"},
        {one: "other-value-", two: "my-value-two"},
    )


@scenario("esm-sqs-filter-prefix")
def _(cloud: Cloud) -> Any:
    pattern = {"body": {"my-key": [{"prefix": "yes"}]}}
    return _filtered(cloud, pattern, {"my-key": "yes-value"}, {"my-key": "no-value"})


@scenario("esm-exceptions")
def _(cloud: Cloud) -> Any:
    create = cloud.client.create_event_source_mapping
    unknown = {"UUID": "00000000-0000-0000-0000-000000000000"}
    _, arn = _queue("polled")
    answers = {
        "get_unknown_uuid": cloud.answer(cloud.client.get_event_source_mapping, **unknown),
        "create_no_event_source_arn": cloud.answer(create, FunctionName="recorded"),
        "create_unknown_params": cloud.answer(create, FunctionName="recorded", EventSourceArn=arn),
    }
    cloud.create(ECHO)
    answers["destination_config_failure"] = cloud.answer(
        create,
        FunctionName="recorded",
        EventSourceArn=arn,
        DestinationConfig={"OnSuccess": {"Destination": arn}},
    )
    return answers


@scenario("eventbridge-event")
def _(cloud: Cloud) -> Any:
    url, queue = _queue("seen")
    function = cloud.create(ECHO)["FunctionArn"]
    cloud.client.put_function_event_invoke_config(
        FunctionName="recorded", DestinationConfig={"OnSuccess": {"Destination": queue}}
    )
    events = boto3.client("events")
    events.create_event_bus(Name="bus")
    name = "core.update-account-command"
    rule = events.put_rule(
        Name="rule", EventBusName="bus", EventPattern=json.dumps({"source": [name]})
    )
    events.put_targets(Rule="rule", EventBusName="bus", Targets=[{"Id": "1", "Arn": function}])
    cloud.client.add_permission(
        FunctionName="recorded",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule["RuleArn"],
    )
    payload = {"acc_id": "0a787ecb-4015", "sf_id": "baz"}
    detail = json.dumps({"command": "update-account", "payload": payload})
    entry = {"Source": name, "DetailType": name, "Detail": detail, "EventBusName": "bus"}
    events.put_events(Entries=[entry])
    return [_message(url)["Body"]["requestPayload"]]
