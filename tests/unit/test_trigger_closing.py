"""Triggers end with their lab: moto is as it was, and nothing waits or is delivered any more."""

from __future__ import annotations

import importlib
import time

import boto3

from labsupport import Lab
from tests.unit.functions_lab import Lambda

CHANGED = {
    "moto.s3.notifications": ["send_event"],
    "moto.s3.models": ["events_send_notification", "S3Backend.delete_object"],
    "moto.s3.responses": ["S3Response.key_response", "S3Response._bucket_response_put"],
    "moto.sns.models": ["Subscription.publish", "SNSBackend.subscribe"],
    "moto.events.models": ["Rule.send_to_targets", "EventsBackend.put_events"],
    "moto.events.responses": ["EventsHandler.test_event_pattern"],
    "moto.scheduler.models": ["EventBridgeSchedulerBackend.create_schedule"],
    "moto.logs.models": ["LogStream._send_log_events", "LogsBackend.put_subscription_filter"],
    "moto.cloudwatch.models": ["CloudWatchBackend.put_metric_data"],
}


def present() -> dict[str, object]:
    """What stands in moto where triggers put something else."""
    found: dict[str, object] = {}
    for module, paths in CHANGED.items():
        for path in paths:
            value: object = importlib.import_module(module)
            for name in path.split("."):
                value = getattr(value, name)
            found[f"{module}.{path}"] = value
    return found


def test_moto_is_left_as_it_was() -> None:
    before = present()
    for _ in range(2):
        with Lab.start():
            boto3.client("sns").list_topics()  # the lab has been prepared by now
            during = present()
            assert [name for name in before if during[name] is before[name]] == []
    assert present() == before


def test_lab_with_all_kinds_of_triggers_stops_at_once() -> None:
    lab = Lab.start(speed=1000)
    cloud = Lambda(lab)
    cloud.create("import time\ndef handler(event, context): time.sleep(30)\n", Timeout=60)
    cloud.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="*"
    )
    events = boto3.client("events")
    events.put_rule(Name="r", ScheduleExpression="rate(1 minute)")
    target = {"Id": "1", "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}
    events.put_targets(Rule="r", Targets=[target])
    deadline = time.monotonic() + 20
    while not lab.history.target_deliveries:
        assert time.monotonic() < deadline, "nothing was delivered in time"
        time.sleep(0.01)
    began = time.monotonic()
    lab.stop()
    assert time.monotonic() - began < 5
    delivered = len(lab.history.target_deliveries)
    time.sleep(0.2)
    assert len(lab.history.target_deliveries) == delivered
