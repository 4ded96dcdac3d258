"""The metrics of functions in CloudWatch, in lab time and with AWS's dimensions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.functions.telemetry.metrics import Metric, MetricStore, StatisticSet
from tests.unit.functions_lab import COUNT, Lambda, refusal, wait_until

FAILS = "def handler(event, context):\n    return 1 / event['n']\n"


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001) as lab:
        yield Lambda(lab)


def total(cloud: Lambda, name: str, statistic: str = "Sum", **dimensions: str) -> float | None:
    """A statistic of all there is of a metric."""
    now = cloud.lab.clock.now()
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(days=1),
        EndTime=now + timedelta(minutes=1),
        Period=2 * 86400,
        Statistics=[statistic],
    )
    found = [point[statistic] for point in answer["Datapoints"]]
    assert len(found) < 2
    return found[0] if found else None


def test_invocations_errors_and_duration_of_a_function(cloud: Lambda) -> None:
    cloud.create(FAILS)
    for n in (1, 0, 2):
        cloud.invoke(json.dumps({"n": n}))
    assert total(cloud, "Invocations", FunctionName="f") == 3
    assert total(cloud, "Errors", FunctionName="f") == 1
    assert total(cloud, "Errors", "Average", FunctionName="f") == pytest.approx(1 / 3)
    assert total(cloud, "Throttles", FunctionName="f") == 0
    durations = [invocation.duration_ms for invocation in cloud.lab.history.invocations]
    assert total(cloud, "Duration", "Maximum", FunctionName="f") == pytest.approx(max(durations))
    assert total(cloud, "ConcurrentExecutions", "Maximum", FunctionName="f") == 1


def test_dry_run_and_refused_call_count_nothing(cloud: Lambda) -> None:
    cloud.create()
    cloud.invoke(InvocationType="DryRun")
    refusal(cloud.client.invoke, FunctionName="none")
    assert boto3.client("cloudwatch").list_metrics(Namespace="AWS/Lambda")["Metrics"] == []


def test_throttled_call_is_neither_invocation_nor_error(cloud: Lambda) -> None:
    cloud.create()
    cloud.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    refusal(cloud.client.invoke, FunctionName="f")
    assert total(cloud, "Throttles", FunctionName="f") == 1
    assert total(cloud, "Invocations", FunctionName="f") is None
    (throttle,) = cloud.lab.history.throttles
    assert throttle.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_dimensions_are_kept_apart(cloud: Lambda) -> None:
    cloud.create()
    cloud.create(FunctionName="g")
    cloud.client.publish_version(FunctionName="f")
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    cloud.invoke()
    cloud.invoke(Qualifier="1")
    cloud.invoke(Qualifier="live")
    cloud.invoke(FunctionName="g")
    assert total(cloud, "Invocations") == 4
    assert total(cloud, "Invocations", FunctionName="f") == 3
    assert total(cloud, "Invocations", FunctionName="f", Resource="f") == 1
    assert total(cloud, "Invocations", FunctionName="f", Resource="f:1") == 1
    assert total(cloud, "Invocations", FunctionName="f", Resource="f:live") == 1
    led = {"FunctionName": "f", "Resource": "f:live", "ExecutedVersion": "1"}
    assert total(cloud, "Invocations", **led) == 1
    assert total(cloud, "Invocations", Resource="f:1") is None
    listed = boto3.client("cloudwatch").list_metrics(MetricName="Invocations")["Metrics"]
    assert len(listed) == 8
    assert {"FunctionName", "Resource", "ExecutedVersion"} in [
        {dimension["Name"] for dimension in metric["Dimensions"]} for metric in listed
    ]


def test_minutes_are_minutes_of_the_lab(cloud: Lambda) -> None:
    cloud.create()
    begin = cloud.lab.clock.now()
    cloud.invoke()
    cloud.lab.clock.advance(minutes=5)
    cloud.invoke()
    cloud.invoke()
    query = {
        "Id": "m1",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Invocations",
                "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }
    answer = boto3.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query],
        StartTime=begin,
        EndTime=cloud.lab.clock.now() + timedelta(seconds=1),
        ScanBy="TimestampAscending",
    )
    (found,) = answer["MetricDataResults"]
    assert found["Values"] == [1, 2]
    first, second = found["Timestamps"]
    assert first == begin.replace(second=0, microsecond=0)
    assert second - first in (timedelta(minutes=5), timedelta(minutes=6))


def test_this_machines_now_means_the_labs_now(cloud: Lambda) -> None:
    cloud.create()
    cloud.lab.clock.advance(hours=10)
    cloud.invoke()
    arguments = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "StartTime": datetime.now(UTC) - timedelta(minutes=10),
        "Period": 60,
        "Statistics": ["Sum"],
    }
    client = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    assert client.get_metric_statistics(EndTime=now, **arguments)["Datapoints"][0]["Sum"] == 1
    later = now + timedelta(hours=1)
    assert client.get_metric_statistics(EndTime=later, **arguments)["Datapoints"] == []


def test_concurrency_of_function_and_region(cloud: Lambda) -> None:
    cloud.create(COUNT)
    cloud.create(COUNT, FunctionName="g")
    cloud.client.put_function_concurrency(FunctionName="g", ReservedConcurrentExecutions=10)
    threads = [
        threading.Thread(target=cloud.invoke, args=(b'{"seconds": 1}',), kwargs={"FunctionName": n})
        for n in ("f", "f", "g")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert total(cloud, "ConcurrentExecutions", "Maximum", FunctionName="f") == 2
    assert total(cloud, "ConcurrentExecutions", "Maximum") == 3
    assert total(cloud, "UnreservedConcurrentExecutions", "Maximum") == 2
    assert total(cloud, "ClaimedAccountConcurrency", "Maximum") == 12


def test_provisioned_concurrency_and_what_spills_over(cloud: Lambda) -> None:
    cloud.create(COUNT)
    cloud.client.publish_version(FunctionName="f")
    target = {"FunctionName": "f", "Qualifier": "1"}
    cloud.client.put_provisioned_concurrency_config(ProvisionedConcurrentExecutions=2, **target)
    wait_until(
        lambda: cloud.client.get_provisioned_concurrency_config(**target)["Status"] == "READY"
    )
    cloud.invoke(Qualifier="1")
    threads = [
        threading.Thread(target=cloud.invoke, args=(b'{"seconds": 1}',), kwargs={"Qualifier": "1"})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    resource = {"FunctionName": "f", "Resource": "f:1"}
    assert total(cloud, "ProvisionedConcurrencyInvocations", **resource) == 3
    assert total(cloud, "ProvisionedConcurrencySpilloverInvocations", **resource) == 1
    assert total(cloud, "ProvisionedConcurrentExecutions", "Maximum", **resource) == 2
    assert total(cloud, "ProvisionedConcurrencyUtilization", "Minimum", **resource) == 0.5
    assert total(cloud, "ProvisionedConcurrencyUtilization", "Maximum", **resource) == 1
    types = {known.initialization_type for known in cloud.lab.history.invocations}
    assert types == {"provisioned-concurrency", "on-demand"}


def test_asynchronous_events_are_measured(cloud: Lambda) -> None:
    cloud.create(FAILS, DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:none"})
    for n in (0, 1):
        cloud.invoke(json.dumps({"n": n}), InvocationType="Event")
    cloud.lab.clock.advance(minutes=10)
    assert total(cloud, "AsyncEventsReceived", FunctionName="f") == 2
    assert total(cloud, "AsyncEventsDropped", FunctionName="f") == 1
    assert total(cloud, "DeadLetterErrors", FunctionName="f") == 1
    assert total(cloud, "Errors", FunctionName="f") == 3
    assert total(cloud, "AsyncEventAge", "SampleCount", FunctionName="f") == 4
    oldest = total(cloud, "AsyncEventAge", "Maximum", FunctionName="f")
    assert oldest == pytest.approx(180_000, rel=0.05)


def test_a_record_that_does_not_arrive_counts(cloud: Lambda) -> None:
    cloud.create(FAILS)
    cloud.client.put_function_event_invoke_config(
        FunctionName="f",
        DestinationConfig={"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:123456789012:none"}},
    )
    cloud.invoke(b'{"n": 1}', InvocationType="Event")
    wait_until(lambda: cloud.lab.history.endings)
    assert total(cloud, "DestinationDeliveryFailures", FunctionName="f") == 1
    assert total(cloud, "AsyncEventsDropped", FunctionName="f") is None


def test_percentile_of_duration(cloud: Lambda) -> None:
    cloud.create()
    cloud.invoke()
    now = cloud.lab.clock.now()
    (point,) = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Duration",
        Dimensions=[{"Name": "FunctionName", "Value": "f"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        ExtendedStatistics=["p50", "p99"],
    )["Datapoints"]
    (invocation,) = cloud.lab.history.invocations
    assert point["ExtendedStatistics"]["p99"] == pytest.approx(invocation.duration_ms, rel=0.01)
    assert point["Unit"] == "Milliseconds"


def test_own_metrics_are_read_by_their_exact_dimensions(cloud: Lambda) -> None:
    client, now = boto3.client("cloudwatch"), datetime.now(UTC)
    one = {"Name": "shop", "Value": "a"}
    both = [one, {"Name": "till", "Value": "1"}]
    for dimensions, value in ((both, 1.0), ([one], 2.0), ([], 4.0)):
        client.put_metric_data(
            Namespace="own",
            MetricData=[{"MetricName": "sales", "Dimensions": dimensions, "Value": value}],
        )
    arguments = {
        "Namespace": "own",
        "MetricName": "sales",
        "StartTime": now - timedelta(minutes=5),
        "EndTime": now + timedelta(minutes=5),
        "Period": 3600,
        "Statistics": ["Sum"],
    }
    sums = [
        client.get_metric_statistics(Dimensions=dimensions, **arguments)["Datapoints"][0]["Sum"]
        for dimensions in (both, [one], [])
    ]
    assert sums == [1, 2, 4]


def test_range_that_is_none_is_refused(cloud: Lambda) -> None:
    now = datetime.now(UTC)
    arguments: dict[str, Any] = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Period": 60}
    with pytest.raises(ClientError, match="must be less than"):
        boto3.client("cloudwatch").get_metric_statistics(
            StartTime=now, EndTime=now, Statistics=["Sum"], **arguments
        )


def test_nothing_is_left_of_a_lab_that_has_ended() -> None:
    for _ in range(2):
        with Lab.start(speed=0.001) as lab:
            cloud = Lambda(lab)
            cloud.create()
            cloud.invoke()
            assert total(cloud, "Invocations") == 1
    from moto.cloudwatch.models import CloudWatchBackend

    assert CloudWatchBackend.get_all_metrics.__module__ == "moto.cloudwatch.models"


def test_data_do_not_grow_with_invocations() -> None:
    store = MetricStore()
    metric = store.metric("r", "Duration", "Milliseconds", ((),))
    for n in range(10_000):
        store.add([(metric, 1 + n % 100)], 60.0)
    (statistics,) = metric.minutes.values()
    assert (statistics.count, statistics.minimum, statistics.maximum) == (10_000, 1, 100)
    assert statistics.get("p50") == 50
    assert statistics.get("Average") == 50.5
    assert len(statistics.values or ()) == 100


def test_oldest_minutes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labsupport.functions.telemetry.metrics.LONGEST_MINUTES", 3)
    metric = Metric("n", "Count", ())
    for minute in range(5):
        metric.add(1.0, minute)
    assert list(metric.minutes) == [2, 3, 4]


def test_statistics_of_nothing() -> None:
    assert StatisticSet().get("Average") is None
    assert StatisticSet().get("p99") is None
    assert StatisticSet().get("IQM") is None
