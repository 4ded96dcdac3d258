"""An event source mapping: its settings, with AWS's names and defaults, and its state.

docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact

from ..record_filters import RecordFilter

NOTHING_YET = "No records processed"
STREAMS = ("kinesis", "dynamodb")
_NAMES = {"sqs": "SQS", "kinesis": "Kinesis", "dynamodb": "DynamoDB Streams"}
_SHOWN_ALWAYS = (
    *("BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes"),
    *("BisectBatchOnFunctionError", "DestinationConfig", "MaximumRecordAgeInSeconds"),
    *("MaximumRetryAttempts", "ParallelizationFactor", "TumblingWindowInSeconds"),
    *("StartingPosition", "StartingPositionTimestamp", "FilterCriteria", "ScalingConfig"),
    *("KMSKeyArn", "MetricsConfig", "ProvisionedPollerConfig"),
)


def defaults(service: str) -> dict[str, Any]:
    """The settings of a mapping that names none, for one service."""
    common = {
        "BatchSize": int(fact("esm.batch_default").part(_NAMES[service]).value),
        "MaximumBatchingWindowInSeconds": int(fact("esm.window_s").part("min").value),
        "FunctionResponseTypes": [],
    }
    if service == "sqs":
        return common
    return common | {
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": int(fact("esm.record_age_s").part("default").value),
        "MaximumRetryAttempts": int(fact("esm.retry_attempts").part("default").value),
        "ParallelizationFactor": int(fact("esm.parallelization").part("default").value),
        "TumblingWindowInSeconds": int(fact("esm.tumbling_window_s").part("min").value),
    }


def service_of(source_arn: str) -> str:
    """The service of a source, for instance "sqs"."""
    return source_arn.split(":")[2]


@dataclass
class EventSourceMapping:
    """One mapping. Its settings are replaced, never changed, so that whoever reads sees them whole.

    Args:
        function_arn: with the qualifier it was given with, if any.
        state: "Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating" or "Deleting".
        positions: how far the records of each shard are read, kept while the mapping is disabled.
    """

    region: str
    source_arn: str
    function_arn: str
    settings: Mapping[str, Any]
    enabled: bool = True
    state: str = "Creating"
    tags: dict[str, str] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    modified: float = field(default_factory=time.time)
    last_result: str = NOTHING_YET
    positions: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.change(self.settings)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Give the mapping other settings. Raises PatternError for filters that aren't patterns."""
        criteria = settings.get("FilterCriteria") or {}
        patterns = [each.get("Pattern", "") for each in criteria.get("Filters") or ()]
        self.filter = RecordFilter(patterns, self.service)
        self.settings = settings

    @property
    def arn(self) -> str:
        """The mapping's ARN."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:event-source-mapping:{self.uuid}"

    @property
    def service(self) -> str:
        """The service of its source: "sqs", "kinesis" or "dynamodb"."""
        return service_of(self.source_arn)

    @property
    def fifo(self) -> bool:
        """Whether its source is a FIFO queue."""
        return self.service == "sqs" and self.source_arn.endswith(".fifo")

    @property
    def batch_size(self) -> int:
        """The most records the function gets at once."""
        return int(self.settings["BatchSize"])

    @property
    def window_s(self) -> int:
        """Seconds that records are gathered for, in lab time."""
        return int(self.settings["MaximumBatchingWindowInSeconds"])

    @property
    def partial(self) -> bool:
        """Whether the function may report the records that failed."""
        return "ReportBatchItemFailures" in self.settings["FunctionResponseTypes"]

    @property
    def most_at_once(self) -> int | None:
        """The setting MaximumConcurrency, None where it isn't set."""
        wanted = (self.settings.get("ScalingConfig") or {}).get("MaximumConcurrency")
        return int(wanted) if wanted else None

    def shown(self) -> dict[str, Any]:
        """The mapping as Lambda's API describes it."""
        stream = self.service in STREAMS
        members = {
            "UUID": self.uuid,
            "EventSourceArn": self.source_arn,
            "EventSourceMappingArn": self.arn,
            "FunctionArn": self.function_arn,
            "LastModified": self.modified,
            "State": self.state,
            "StateTransitionReason": "User action" if stream else "USER_INITIATED",
        }
        if stream:
            members["LastProcessingResult"] = self.last_result
        settings = {name: self.settings.get(name) for name in _SHOWN_ALWAYS}
        return members | {name: value for name, value in settings.items() if value is not None}
