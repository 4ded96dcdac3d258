"""Streams that event source mappings read."""

from __future__ import annotations

import base64
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from functions_lab import wait_until
from mappings_lab import PREFIX, Mapped

from labsupport import Lab
from labsupport.history import BatchPolled, Delivery

SEE = (
    "import base64, json, time\n"
    "def handler(event, context):\n"
    "    print('SEEN ' + json.dumps(event))\n"
    "    state = dict(event.get('state', {}))\n"
    "    failed = []\n"
    "    for record in event['Records']:\n"
    "        data = json.loads(base64.b64decode(record['kinesis']['data']))\n"
    "        time.sleep(data.get('sleep', 0))\n"
    "        if data.get('fail'):\n"
    "            raise ValueError('this is meant to fail')\n"
    "        if data.get('report'):\n"
    "            failed.append({'itemIdentifier': record['kinesis']['sequenceNumber']})\n"
    "        state['sum'] = state.get('sum', 0) + data['n']\n"
    "    return {'state': state, 'batchItemFailures': failed}\n"
)


class Streamed(Mapped):
    """A lab with a Kinesis stream that function "f" reads."""

    def __init__(self, lab: Lab, shards: int = 1) -> None:
        super().__init__(lab, SEE)
        self.kinesis = boto3.client("kinesis")
        self.kinesis.create_stream(StreamName="s", ShardCount=shards)
        shown = self.kinesis.describe_stream_summary(StreamName="s")
        self.arn = str(shown["StreamDescriptionSummary"]["StreamARN"])

    def read(self, **more: Any) -> dict[str, Any]:
        return self.map(self.arn, **{"StartingPosition": "TRIM_HORIZON", **more})

    def put(self, *numbers: int, key: str = "k", **more: Any) -> None:
        for number in numbers:
            data = json.dumps({"n": number, **more})
            self.kinesis.put_record(StreamName="s", Data=data, PartitionKey=key)

    def numbers(self) -> list[list[int]]:
        """The records of each event, by their numbers."""
        return [
            [json.loads(base64.b64decode(r["kinesis"]["data"]))["n"] for r in event["Records"]]
            for event in self.events()
        ]

    def polled(self) -> list[BatchPolled]:
        return [each for each in self.lab.history.events if isinstance(each, BatchPolled)]

    def failure(self, url: str) -> dict[str, Any]:
        (message,) = self.sqs.receive_message(QueueUrl=url)["Messages"]
        body: dict[str, Any] = json.loads(message["Body"])
        return body


@pytest.fixture
def slow() -> Iterator[Streamed]:
    """A lab whose clock is moved by `advance` for the most part."""
    with Lab.start(speed=0.01) as lab:
        yield Streamed(lab)


def test_records_come_in_batches_of_the_size_and_in_order(slow: Streamed) -> None:
    slow.put(*range(7))
    created = slow.read(BatchSize=3)
    wait_until(lambda: slow.numbers() == [[0, 1, 2], [3, 4, 5], [6]])
    slow.put(7)
    wait_until(lambda: slow.numbers()[3:] == [[7]])
    shown = slow.client.get_event_source_mapping(UUID=created["UUID"])
    assert shown["LastProcessingResult"] == "OK"
    assert {each.caller for each in slow.lab.history.invocations} == {slow.arn}


def test_latest_begins_with_what_comes_after_the_mapping(slow: Streamed) -> None:
    slow.put(1)
    slow.read(StartingPosition="LATEST")
    slow.put(2)
    wait_until(lambda: slow.numbers() == [[2]])


def test_a_mapping_may_begin_at_a_moment(slow: Streamed) -> None:
    slow.put(1, 2)
    shards = slow.kinesis.list_shards(StreamName="s")["Shards"]
    iterator = slow.kinesis.get_shard_iterator(
        StreamName="s", ShardId=shards[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    second = slow.kinesis.get_records(ShardIterator=iterator)["Records"][1]
    moment = second["ApproximateArrivalTimestamp"]
    slow.read(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)
    wait_until(lambda: slow.numbers() and slow.numbers()[0][-1] == 2)


def test_a_failing_batch_blocks_its_shard_until_it_is_given_up(slow: Streamed) -> None:
    url = slow.queue("failures")
    slow.put(0)
    slow.put(1, fail=1)
    created = slow.read(
        BatchSize=1,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": PREFIX + "failures"}},
    )
    slow.put(2)
    wait_until(lambda: len(slow.numbers()) == 2)
    shown = slow.client.get_event_source_mapping(UUID=created["UUID"])
    assert shown["LastProcessingResult"] == "PROBLEM: Function call failed"
    slow.lab.clock.advance(minutes=1)
    wait_until(lambda: slow.numbers() == [[0], [1], [1], [1], [2]])
    report = slow.failure(url)
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 3
    assert report["KinesisBatchInfo"]["startSequenceNumber"] == "2"
    assert report["KinesisBatchInfo"]["batchSize"] == 1
    assert [each.kind for each in slow.lab.history.deliveries] == ["OnFailure"]


def test_bisecting_finds_the_one_bad_record(slow: Streamed) -> None:
    url = slow.queue("failures")
    slow.put(0, 1, 2)
    slow.put(3, fail=1)
    slow.put(4, 5)
    slow.read(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": PREFIX + "failures"}},
    )
    wait_until(lambda: slow.lab.history.deliveries and slow.numbers()[-1] == [4, 5])
    assert slow.failure(url)["KinesisBatchInfo"]["startSequenceNumber"] == "4"
    done = [batch for batch in slow.numbers() if 3 not in batch]
    assert [number for batch in done for number in batch] == [0, 1, 2, 4, 5]


def test_reported_failures_are_tried_again_from_the_first_of_them(slow: Streamed) -> None:
    slow.put(0)
    slow.put(1, report=1)
    slow.put(2)
    slow.read(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=1)
    wait_until(lambda: slow.numbers() == [[0, 1, 2]])
    slow.lab.clock.advance(seconds=5)
    assert slow.numbers() == [[0, 1, 2], [1, 2]]


def test_records_that_grow_too_old_are_given_up(slow: Streamed) -> None:
    url = slow.queue("failures")
    slow.put(1, fail=1)
    slow.read(
        MaximumRecordAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": PREFIX + "failures"}},
    )
    wait_until(lambda: slow.numbers() == [[1]])
    slow.lab.clock.advance(minutes=5)
    assert slow.failure(url)["requestContext"]["condition"] == "RecordAgeExceeded"
    slow.put(2)
    wait_until(lambda: [2] in slow.numbers())


def test_without_limits_a_batch_is_tried_until_the_stream_drops_it(slow: Streamed) -> None:
    slow.put(1, fail=1)
    created = slow.read()
    slow.lab.clock.advance(minutes=10)
    assert len(slow.lab.history.invocations) > 10
    change = slow.client.update_event_source_mapping
    change(UUID=created["UUID"], Enabled=False)
    slow.lab.clock.advance(hours=25)
    tries = len(slow.lab.history.invocations)
    slow.put(2)
    change(UUID=created["UUID"], Enabled=True)
    slow.lab.clock.advance(seconds=5)
    wait_until(lambda: [2] in slow.numbers())
    assert len(slow.lab.history.invocations) == tries + 1


def test_a_batching_window_gathers_records(slow: Streamed) -> None:
    slow.read(MaximumBatchingWindowInSeconds=30)
    slow.put(1, 2)
    slow.lab.clock.advance(seconds=20)
    slow.put(3)
    assert not slow.lab.history.invocations
    slow.lab.clock.advance(seconds=15)
    assert slow.numbers() == [[1, 2, 3]]


def test_filtered_records_are_passed_over(slow: Streamed) -> None:
    slow.put(1, 2, 3)
    slow.read(FilterCriteria={"Filters": [{"Pattern": '{"data": {"n": [2, 5]}}'}]})
    wait_until(lambda: slow.numbers() == [[2]])
    slow.put(4, 5)
    wait_until(lambda: slow.numbers() == [[2], [5]])


def test_lanes_keep_the_order_of_each_partition_key(slow: Streamed) -> None:
    for number in range(30):
        slow.put(number, key=f"key-{number % 5}")
    slow.read(ParallelizationFactor=4, BatchSize=2)
    wait_until(lambda: sum(map(len, slow.numbers())) == 30)
    order: dict[int, list[int]] = defaultdict(list)
    moments = sorted(
        (r["kinesis"]["partitionKey"], int(r["kinesis"]["sequenceNumber"]))
        for event in slow.events()
        for r in event["Records"]
    )
    assert len(set(moments)) == 30
    lanes = {each.shard for each in slow.polled()}
    assert len(lanes) > 1
    for event in slow.events():
        for record in event["Records"]:
            key = int(record["kinesis"]["partitionKey"][4:])
            order[key].append(int(record["kinesis"]["sequenceNumber"]))
    assert all(len(numbers) == 6 for numbers in order.values())


def test_children_of_a_split_shard_wait_for_their_parent(slow: Streamed) -> None:
    slow.put(0, 1)
    slow.kinesis.split_shard(
        StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    for number in range(2, 8):
        slow.put(number, key=str(number))
    slow.read(BatchSize=1)
    wait_until(lambda: len(slow.lab.history.invocations) == 8)
    shards = [each.shard for each in slow.polled()]
    assert shards[:2] == ["shardId-000000000000"] * 2
    assert len(set(shards)) == 3
    assert sorted(number for (number,) in slow.numbers()) == list(range(8))


def test_tumbling_windows_hand_a_state_on_and_end_with_a_final_event(slow: Streamed) -> None:
    slow.read(TumblingWindowInSeconds=60, BatchSize=2)
    slow.put(1, 2, 3)
    wait_until(lambda: sum(map(len, slow.numbers())) == 3)
    slow.lab.clock.advance(minutes=2)
    wait_until(lambda: any(event["isFinalInvokeForWindow"] for event in slow.events()))
    *first, final = slow.events()
    assert final["state"] == {"sum": 6}
    assert final["Records"] == []
    assert final["shardId"] == "shardId-000000000000"
    assert final["eventSourceARN"] == slow.arn
    assert not any(event["isFinalInvokeForWindow"] for event in first)
    assert first[0]["state"] == {}
    slow.put(4)
    wait_until(lambda: slow.events()[-1]["Records"])
    assert slow.events()[-1]["state"] == {}
    assert slow.events()[-1]["window"]["start"] >= final["window"]["end"]


def test_a_disabled_mapping_goes_on_where_it_stopped(slow: Streamed) -> None:
    slow.put(1)
    created = slow.read()
    wait_until(lambda: slow.numbers() == [[1]])
    change = slow.client.update_event_source_mapping
    change(UUID=created["UUID"], Enabled=False)
    slow.lab.clock.advance(seconds=5)
    slow.put(2)
    slow.lab.clock.advance(minutes=5)
    assert slow.numbers() == [[1]]
    change(UUID=created["UUID"], Enabled=True, ParallelizationFactor=2)
    slow.lab.clock.advance(seconds=5)
    wait_until(lambda: slow.numbers() == [[1], [2]])


def test_a_change_in_the_middle_of_a_batch_repeats_and_reorders_nothing(slow: Streamed) -> None:
    slow.put(*range(4), sleep=0.4)
    created = slow.read(BatchSize=1)
    wait_until(slow.numbers)
    change = slow.client.update_event_source_mapping
    change(UUID=created["UUID"], ParallelizationFactor=3)
    slow.lab.clock.speed = 600  # enabled again while the batch is still being handled
    wait_until(lambda: len(slow.numbers()) == 4)
    assert sorted(slow.numbers()) == [[0], [1], [2], [3]]


def test_a_lab_that_is_stopped_in_the_middle_of_a_batch_ends_at_once() -> None:
    lab = Lab.start()
    streamed = Streamed(lab)
    streamed.client.update_function_configuration(FunctionName="f", Timeout=30)
    streamed.put(1, sleep=20)
    streamed.read(MaximumBatchingWindowInSeconds=1)
    wait_until(lambda: lab.history.phases)
    begin = time.monotonic()
    lab.stop()
    assert time.monotonic() - begin < 5


def test_two_functions_read_the_same_stream_each_by_itself(slow: Streamed) -> None:
    slow.create(SEE, FunctionName="g")
    slow.read()
    slow.read(FunctionName="g")
    slow.put(1)
    wait_until(lambda: len(slow.lab.history.invocations) == 2)
    names = {each.function_arn.rpartition(":")[2] for each in slow.lab.history.invocations}
    assert names == {"f", "g"}


def test_reports_with_the_whole_batch_go_to_a_bucket(slow: Streamed) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="failures")
    slow.put(1, fail=1)
    created = slow.read(
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
    )
    wait_until(lambda: slow.lab.history.deliveries)
    (found,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    prefix = f"aws/lambda/{created['UUID']}/shardId-000000000000/"
    assert found["Key"].startswith(prefix)
    report = json.loads(s3.get_object(Bucket="failures", Key=found["Key"])["Body"].read())
    assert len(json.loads(report["payload"])["Records"]) == 1


def test_a_missing_destination_is_told_in_the_history(slow: Streamed) -> None:
    slow.put(1, fail=1)
    missing = {"OnFailure": {"Destination": PREFIX + "missing"}}
    slow.read(MaximumRetryAttempts=0, DestinationConfig=missing)
    wait_until(lambda: slow.lab.history.deliveries)
    (delivery,) = slow.lab.history.deliveries
    assert isinstance(delivery, Delivery)
    assert "NonExistentQueue" in delivery.error


def test_the_age_of_records_is_measured(slow: Streamed) -> None:
    slow.put(1)
    slow.lab.clock.advance(minutes=3)
    slow.read()
    wait_until(lambda: slow.lab.history.invocations)
    now = slow.lab.clock.now()
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": "f"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Maximum"],
    )["Datapoints"]
    assert max(point["Maximum"] for point in found) == pytest.approx(183_000, abs=2_000)


def test_changes_of_a_table_reach_the_function_as_records(slow: Streamed) -> None:
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    source = (
        "def handler(event, context):\n    import json\n    print('SEEN ' + json.dumps(event))\n"
    )
    slow.client.update_function_code(FunctionName="f", ZipFile=_zipped(source))
    item = {"id": {"S": "a"}, "n": {"N": "1"}, "raw": {"B": b"\x00\x01"}}
    for change in (item, item, item | {"n": {"N": "2"}}):
        dynamodb.put_item(TableName="t", Item=change)
    dynamodb.delete_item(TableName="t", Key={"id": {"S": "a"}})
    slow.map(
        table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["INSERT", "MODIFY", "REMOVE"]}'}]},
    )
    (event,) = slow.seen(1)
    names = [record["eventName"] for record in event["Records"]]
    assert names == ["INSERT", "MODIFY", "REMOVE"]  # the second write has changed nothing
    first, second, last = (record["dynamodb"] for record in event["Records"])
    assert first["NewImage"]["raw"] == {"B": "AAE="}
    assert (second["OldImage"]["n"], second["NewImage"]["n"]) == ({"N": "1"}, {"N": "2"})
    assert "NewImage" not in last
    assert {record["eventVersion"] for record in event["Records"]} == {"1.1"}
    assert {record["eventSourceARN"] for record in event["Records"]} == {table["LatestStreamArn"]}
    numbers = [int(each["SequenceNumber"]) for each in (first, second, last)]
    assert numbers == sorted(set(numbers))


def test_the_streams_client_of_dynamodb_reaches_the_lab(slow: Streamed) -> None:
    dynamodb = boto3.client("dynamodb")
    arn = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    described = boto3.client("dynamodbstreams").describe_stream(StreamArn=arn)
    assert described["StreamDescription"]["TableName"] == "t"


def _zipped(source: str) -> bytes:
    from tests.packages import zipped

    return zipped(index=source)
