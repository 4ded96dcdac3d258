"""Lambda's API on event source mappings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from mappings_lab import PREFIX, Mapped

from labsupport import Lab


@pytest.fixture
def mapped() -> Iterator[Mapped]:
    with Lab.start(speed=1) as lab:
        yield Mapped(lab)


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_mapping_passes_through_the_states_of_aws(mapped: Mapped) -> None:
    mapped.queue()
    client, clock = mapped.client, mapped.lab.clock
    created = mapped.map(ready=False)
    name = {"UUID": created["UUID"]}
    assert created["State"] == "Creating"
    in_use = "ResourceInUseException"
    assert refused(client.update_event_source_mapping, **name, BatchSize=5)[0] == in_use
    clock.advance(seconds=5)
    assert mapped.state(created) == "Enabled"
    for change, during, after in (
        ({"BatchSize": 5}, "Updating", "Enabled"),
        ({"Enabled": False}, "Disabling", "Disabled"),
        ({"Enabled": True}, "Enabling", "Enabled"),
    ):
        assert client.update_event_source_mapping(**name, **change)["State"] == during
        assert refused(client.delete_event_source_mapping, **name)[0] == in_use
        clock.advance(seconds=5)
        assert mapped.state(created) == after
    assert client.get_event_source_mapping(**name)["BatchSize"] == 5
    assert client.delete_event_source_mapping(**name)["State"] == "Deleting"
    clock.advance(seconds=5)
    code, message = refused(client.get_event_source_mapping, **name)
    assert (code, message) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    assert client.list_event_source_mappings()["EventSourceMappings"] == []


def test_a_mapping_may_be_created_disabled(mapped: Mapped) -> None:
    mapped.queue()
    assert mapped.map(Enabled=False, ready=False)["State"] == "Disabled"


def test_mappings_are_listed_by_function_and_source_page_by_page(mapped: Mapped) -> None:
    client = mapped.client
    version = client.publish_version(FunctionName="f")["FunctionArn"]
    for number in range(3):
        mapped.queue(f"q{number}")
        mapped.map(f"{PREFIX}q{number}", ready=False)
    mapped.map(f"{PREFIX}q0", FunctionName=version, ready=False)
    by_function = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    assert len(by_function) == 3
    by_version = client.list_event_source_mappings(FunctionName="f:1")["EventSourceMappings"]
    assert [each["FunctionArn"] for each in by_version] == [version]
    by_source = client.list_event_source_mappings(EventSourceArn=f"{PREFIX}q0")
    assert len(by_source["EventSourceMappings"]) == 2
    pages = client.get_paginator("list_event_source_mappings").paginate(
        PaginationConfig={"PageSize": 3}
    )
    assert [len(page["EventSourceMappings"]) for page in pages] == [3, 1]


def test_a_second_mapping_of_the_same_queue_and_function_is_refused(mapped: Mapped) -> None:
    mapped.queue()
    created = mapped.map(ready=False)
    code, message = refused(mapped.map, ready=False)
    assert code == "ResourceConflictException"
    assert message == (
        f'An event source mapping with SQS arn (" {PREFIX}q ") and function (" f ") already '
        f"exists. Please update or delete the existing mapping with UUID {created['UUID']}"
    )


REFUSED: list[tuple[Any, str]] = [
    ({"FunctionName": "nobody"}, "Function does not exist"),
    ({"FunctionName": "f:9"}, "Function does not exist"),
    (
        {"BatchSize": 11},
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
        "greater than 10",
    ),
    ({"StartingPosition": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
    (
        {"MaximumRetryAttempts": 3},
        "Unsupported MaximumRetryAttempts parameter for given event source mapping type.",
    ),
    (
        {"FilterCriteria": {"Filters": [{"Pattern": "simple string"}]}},
        "Invalid filter pattern definition.",
    ),
    ({"EventSourceArn": "arn:aws:sns:us-east-1:123456789012:t"}, "Unrecognized event source."),
    (
        {"EventSourceArn": PREFIX.replace("east", "west") + "q"},
        "The provided ARNs don't belong to the same region.",
    ),
    (
        {"FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}] * 6}},
        "The maximum number of filters is 5, not 6.",
    ),
]


def test_what_a_queue_cannot_have_is_refused(mapped: Mapped) -> None:
    mapped.queue()
    for wanted, message in REFUSED:
        refusal = refused(mapped.map, ready=False, **_as_map(wanted))
        assert refusal == ("InvalidParameterValueException", message)
    assert mapped.client.list_event_source_mappings()["EventSourceMappings"] == []


def _as_map(wanted: Any) -> Any:
    return {"arn" if name == "EventSourceArn" else name: value for name, value in wanted.items()}


def test_fifo_queues_have_no_window_and_small_batches(mapped: Mapped) -> None:
    mapped.queue("q.fifo")
    arn = PREFIX + "q.fifo"
    window = refused(mapped.map, arn=arn, MaximumBatchingWindowInSeconds=1)
    assert window[1] == "Batching window is not supported for FIFO queues"
    size = refused(mapped.map, arn=arn, BatchSize=11)
    assert size[1] == "Maximum batch size must be between 1 and 10 inclusive"


def test_a_queue_must_hide_messages_as_long_as_the_function_may_run(mapped: Mapped) -> None:
    mapped.queue(VisibilityTimeout=30)
    mapped.client.update_function_configuration(FunctionName="f", Timeout=60)
    assert refused(mapped.map)[1] == (
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"
    )


def test_streams_need_a_position_that_they_have(mapped: Mapped) -> None:
    for kind in ("kinesis", "dynamodb"):
        _check_positions(mapped, kind)


def _check_positions(mapped: Mapped, kind: str) -> None:
    arn = f"arn:aws:{kind}:us-east-1:123456789012:stream/s"
    if kind == "dynamodb":
        arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
    assert refused(mapped.map, arn=arn)[1] == (
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
        "constraint: Member must not be null."
    )
    assert (
        refused(mapped.map, arn=arn, StartingPosition="0")[1]
        == (
            "1 validation error detected: Value '0' at 'startingPosition' failed to satisfy "
            "constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"
        )
        or kind
    )
    timestamp = {"StartingPosition": "LATEST", "StartingPositionTimestamp": 1741010802}
    assert refused(mapped.map, arn=arn, **timestamp)[1] == (
        "Timestamp only valid with StartingPosition AT_TIMESTAMP"
    )
    at = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": -1}
    expected = (
        "Received Exception while reading from provided stream. class java.lang.Long can not be "
        "converted to a Timestamp"
        if kind == "kinesis"
        else f"Unsupported starting position for arn type: {arn}"
    )
    assert refused(mapped.map, arn=arn, **at)[1] == expected


def test_filters_and_other_settings_are_shown_and_can_be_cleared(mapped: Mapped) -> None:
    mapped.queue()
    criteria = {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}
    scaling = {"MaximumConcurrency": 2}
    created = mapped.map(FilterCriteria=criteria, ScalingConfig=scaling)
    assert created["FilterCriteria"] == criteria
    assert created["ScalingConfig"] == scaling
    changed = mapped.client.update_event_source_mapping(
        UUID=created["UUID"], FilterCriteria={}, ScalingConfig={}
    )
    assert "FilterCriteria" not in changed
    assert "ScalingConfig" not in changed


def test_mappings_belong_to_their_region(mapped: Mapped) -> None:
    mapped.queue()
    created = mapped.map(ready=False)
    elsewhere = boto3.client("lambda", region_name="eu-west-1")
    assert elsewhere.list_event_source_mappings()["EventSourceMappings"] == []
    assert refused(elsewhere.get_event_source_mapping, UUID=created["UUID"])[0] == (
        "ResourceNotFoundException"
    )


def test_mappings_have_tags(mapped: Mapped) -> None:
    mapped.queue()
    arn = mapped.map(ready=False, Tags={"team": "photos"})["EventSourceMappingArn"]
    mapped.client.tag_resource(Resource=arn, Tags={"stage": "test"})
    mapped.client.untag_resource(Resource=arn, TagKeys=["team"])
    assert mapped.client.list_tags(Resource=arn)["Tags"] == {"stage": "test"}


def test_moto_itself_makes_and_deletes_the_mappings_of_the_lab(mapped: Mapped) -> None:
    from moto.awslambda.models import lambda_backends  # as its CloudFormation does
    from moto.sqs.models import sqs_backends

    mapped.queue()
    backend = lambda_backends["123456789012"]["us-east-1"]
    spec = {"FunctionName": "f", "EventSourceArn": f"{PREFIX}q"}
    made = backend.create_event_source_mapping(spec)
    (shown,) = mapped.client.list_event_source_mappings()["EventSourceMappings"]
    assert shown["UUID"] == made.uuid
    queue = sqs_backends["123456789012"]["us-east-1"].queues["q"]
    assert not queue.lambda_event_source_mappings
    backend.delete_event_source_mapping(made.uuid)
    assert mapped.state(shown) == "Deleting"
