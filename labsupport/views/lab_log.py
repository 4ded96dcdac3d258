"""The log of one invocation, from the lab's CloudWatch Logs."""

from __future__ import annotations

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from labsupport.history import Invocation


def log_of(invocation: Invocation) -> str:
    """What an invocation, with its Init phase, wrote to the log; "" where there is none."""
    region = invocation.function_arn.split(":")[3]
    try:
        answer = boto3.client("logs", region_name=region).get_log_events(
            logGroupName=invocation.log_group, logStreamName=invocation.log_stream
        )
    except (ClientError, BotoCoreError):
        return ""
    lines = [str(event["message"]) for event in answer["events"]]
    ends = [n for n, line in enumerate(lines) if line.startswith(("REPORT ", "{")) and _ends(line)]
    for before, end in zip([-1, *ends], ends, strict=False):
        if invocation.request_id in lines[end]:
            return "".join(lines[before + 1 : end + 1])
    return ""


def _ends(line: str) -> bool:
    return line.startswith("REPORT ") or '"platform.report"' in line
