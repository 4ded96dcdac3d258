"""What a call may ask of an event source mapping, and the refusals of what it may not.

docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html. What a single parameter may
be stands in the service model and is checked before; here is what depends on the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labsupport.facts import fact
from labsupport.functions.errors import ServiceError, invalid_parameter

from ..filtering import PatternError
from ..record_filters import RecordFilter
from .settings import STREAMS, service_of

_STREAMS_ONLY = (
    *("BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
    *("ParallelizationFactor", "TumblingWindowInSeconds"),
)
_POSITIONS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
_OTHER_SOURCES = (
    *("Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource"),
    *("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"),
    "DocumentDBEventSourceConfig",
)


def check_source(source_arn: str | None, region: str) -> str:
    """The service of a source that the lab can read.

    Raises:
        ServiceError: where there is none.
    """
    if not source_arn:
        raise invalid_parameter("Unrecognized event source.")
    service = service_of(source_arn)
    readable = service == "sqs" or (service == "kinesis" and ":stream/" in source_arn)
    if not readable and not (service == "dynamodb" and "/stream/" in source_arn):
        sources = fact("esm.sources").value
        if service in ("kafka", "mq", "rds"):
            raise invalid_parameter(
                f"The lab reads {', '.join(sources[:3])}; AWS would read {source_arn} too."
            )
        raise invalid_parameter("Unrecognized event source.")
    if source_arn.split(":")[3] != region:
        raise invalid_parameter("The provided ARNs don't belong to the same region.")
    return service


def check_wanted(service: str, source_arn: str, wanted: Mapping[str, Any]) -> None:
    """Refuse parameters that a source of this kind doesn't have, and filters that aren't any."""
    destinations = wanted.get("DestinationConfig") or {}
    if destinations.get("OnSuccess") or (service == "sqs" and "DestinationConfig" in wanted):
        raise _unsupported("DestinationConfig")
    others = _OTHER_SOURCES + (_STREAMS_ONLY if service == "sqs" else ("ScalingConfig",))
    for name in others:
        if wanted.get(name) is not None:
            raise _unsupported(name)
    age, least = wanted.get("MaximumRecordAgeInSeconds"), fact("esm.record_age_effective_min_s")
    if age is not None and -1 < age < int(least.value):
        raise invalid_parameter(
            f"MaximumRecordAgeInSeconds must be -1 or at least {least.value}, not {age}."
        )
    scaling = wanted.get("ScalingConfig") or {}
    if scaling and wanted.get("ProvisionedPollerConfig"):
        raise invalid_parameter(
            "Provisioned mode for SQS ESM does not support maximum concurrency feature. Use "
            "MaximumPollers as the control mechanism and remove maximum concurrency."
        )
    _check_filters(wanted.get("FilterCriteria") or {}, service)


def check_position(service: str, source_arn: str, wanted: Mapping[str, Any]) -> None:
    """Refuse a StartingPosition that a source doesn't have, or the lack of one it needs."""
    position, moment = wanted.get("StartingPosition"), wanted.get("StartingPositionTimestamp")
    if position not in (None, *_POSITIONS):
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: Value '{position}' at 'startingPosition' failed to "
            f"satisfy constraint: Member must satisfy enum value set: [{', '.join(_POSITIONS)}]",
        )
    if service not in STREAMS:
        if position is not None or moment is not None:
            raise invalid_parameter("StartingPosition is not valid for SQS event sources.")
        return
    if position is None:
        raise invalid_parameter(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
            "constraint: Member must not be null."
        )
    if moment is not None and position != "AT_TIMESTAMP":
        raise invalid_parameter("Timestamp only valid with StartingPosition AT_TIMESTAMP")
    if position == "AT_TIMESTAMP" and service == "dynamodb":
        raise invalid_parameter(f"Unsupported starting position for arn type: {source_arn}")
    if position == "AT_TIMESTAMP" and moment is None:
        raise invalid_parameter("StartingPositionTimestamp is required with AT_TIMESTAMP.")
    if moment is not None and seconds(moment) < 0:
        raise invalid_parameter(
            "Received Exception while reading from provided stream. class java.lang.Long can not "
            "be converted to a Timestamp"
        )


def check_batches(source_arn: str, settings: Mapping[str, Any]) -> None:
    """Refuse a batch size and a window that don't go with each other or with the source."""
    size, window_s = settings["BatchSize"], settings["MaximumBatchingWindowInSeconds"]
    without_window = int(fact("esm.batch_max").part("SQS_FIFO").value)
    if service_of(source_arn) != "sqs":
        return
    if source_arn.endswith(".fifo"):
        if window_s:
            raise invalid_parameter("Batching window is not supported for FIFO queues")
        if size > without_window:
            raise invalid_parameter(
                f"Maximum batch size must be between 1 and {without_window} inclusive"
            )
    if size > without_window and not window_s:
        raise invalid_parameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is "
            f"greater than {without_window}"
        )


def check_visibility(visibility_s: int, timeout_s: int) -> None:
    """Refuse a queue that would show messages again while the function still works on them."""
    if visibility_s < timeout_s:
        raise invalid_parameter(
            f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: "
            f"{timeout_s} seconds"
        )


def duplicate(service: str, source_arn: str, function: str, uuid: str) -> ServiceError:
    """The error for a second mapping of a source and a function."""
    there = "already exists. Please update or delete the existing mapping with UUID"
    if service == "sqs":
        message = (
            f'An event source mapping with SQS arn (" {source_arn} ") and function '
            f'(" {function} ") {there} {uuid}'
        )
    else:
        message = (
            f'The event source arn (" {source_arn} ") and function (" {function} ") provided '
            f"mapping {there} {uuid}"
        )
    return ServiceError("ResourceConflictException", message, 409)


def in_use(verb: str) -> ServiceError:
    """The error for a change while an earlier one isn't over."""
    message = f"Cannot {verb} the event source mapping because it is in use."
    return ServiceError("ResourceInUseException", message)


def seconds(moment: Any) -> float:
    """A timestamp of a request as seconds since 1970."""
    if isinstance(moment, str):
        parsed = datetime.fromisoformat(moment)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    return float(moment)


def _check_filters(criteria: Mapping[str, Any], service: str) -> None:
    filters = criteria.get("Filters") or []
    most = int(fact("esm.filters").part("default").value)
    if len(filters) > most:
        raise invalid_parameter(f"The maximum number of filters is {most}, not {len(filters)}.")
    try:
        RecordFilter([each.get("Pattern", "") for each in filters], service)
    except PatternError:
        raise invalid_parameter("Invalid filter pattern definition.") from None


def _unsupported(name: str) -> ServiceError:
    return invalid_parameter(f"Unsupported {name} parameter for given event source mapping type.")
