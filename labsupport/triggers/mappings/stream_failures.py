"""What is told of records that were given up, and of how old records are when they are handled.

docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import json
import logging
import time
import uuid

from botocore.exceptions import BotoCoreError, ClientError

from labsupport.clock import LabClock
from labsupport.functions.errors import ServiceError
from labsupport.functions.events.role_clients import RoleClients
from labsupport.functions.moto_bridge import resolve
from labsupport.functions.telemetry.metrics import MetricStore
from labsupport.history import Delivery, History

from .settings import EventSourceMapping
from .stream_batches import Batch

log = logging.getLogger("labsupport.triggers.mappings")


class StreamFailures:
    """Sends reports with the rights of the function's role, and measures ages.

    Args:
        clients: makes clients with a role's rights.
        metrics: takes IteratorAge.
    """

    def __init__(
        self, clients: RoleClients, metrics: MetricStore, clock: LabClock, history: History
    ) -> None:
        self._clients = clients
        self._metrics = metrics
        self._clock = clock
        self._history = history

    def aged(self, mapping: EventSourceMapping, lab_seconds: float) -> None:
        """Measure the age of a batch's last record when its function is invoked."""
        resource = mapping.function_arn.split(":", 6)[6]
        function = ("FunctionName", resource.partition(":")[0])
        covers = ((), (function,), (function, ("Resource", resource)))
        metric = self._metrics.metric(mapping.region, "IteratorAge", "Milliseconds", covers)
        self._metrics.add([(metric, max(0.0, lab_seconds) * 1000)], self._clock.time())

    def tell(
        self,
        mapping: EventSourceMapping,
        shard_id: str,
        batch: Batch,
        condition: str,
        payload: bytes,
    ) -> None:
        """Report records that were given up to the on-failure destination, if there is one."""
        destinations = mapping.settings["DestinationConfig"].get("OnFailure") or {}
        target = destinations.get("Destination")
        if not target:
            return
        error, now = "", self._clock.now()
        report = batch.report(mapping, shard_id, condition, now)
        try:
            service = target.split(":")[2]
            function, _ = resolve(mapping.region, mapping.function_arn, None)
            client = self._clients.client(service, target.split(":")[3] or mapping.region, function)
            if service == "sqs":
                url = client.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=json.dumps(report))
            elif service == "sns":
                client.publish(TopicArn=target, Message=json.dumps(report))
            else:
                key = (
                    f"aws/lambda/{mapping.uuid}/{shard_id}/{now:%Y/%m/%d}/"
                    f"{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
                )
                whole = json.dumps(report | {"payload": payload.decode()})
                client.put_object(Bucket=target.rpartition(":")[2], Key=key, Body=whole)
        except (ClientError, BotoCoreError, ServiceError) as refusal:
            error = str(refusal)
            log.info("OnFailure %s: %s", target, error)
        self._history.record(
            Delivery(
                request_id=batch.request_id,
                function_arn=mapping.function_arn,
                kind="OnFailure",
                target=target,
                condition=condition,
                error=error,
                at=now,
                real_at=time.time(),
            )
        )
