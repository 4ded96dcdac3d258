"""A lab with a function that a queue or a stream is mapped to, and what the function has seen."""

from __future__ import annotations

import json
from typing import Any

import boto3
from functions_lab import Lambda, wait_until

from labsupport import Lab

PREFIX = "arn:aws:sqs:us-east-1:123456789012:"
SEE = (
    "import json, time\n"
    "def handler(event, context):\n"
    "    print('SEEN ' + json.dumps(event))\n"
    "    bodies = [json.loads(record['body']) for record in event['Records']]\n"
    "    time.sleep(sum(body.get('sleep', 0) for body in bodies))\n"
    "    if any(body.get('fail', 0) for body in bodies):\n"
    "        raise ValueError('this is meant to fail')\n"
    "    ids = [r['messageId'] for r, b in zip(event['Records'], bodies) if b.get('report')]\n"
    "    return {'batchItemFailures': [{'itemIdentifier': i} for i in ids]}\n"
)


class Mapped(Lambda):
    """A lab with function "f", its mappings and queues."""

    def __init__(self, lab: Lab, source: str = SEE, **more: Any) -> None:
        super().__init__(lab)
        self.sqs = boto3.client("sqs")
        self.create(source, **more)

    def queue(self, name: str = "q", **attributes: Any) -> str:
        if name.endswith(".fifo"):
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        settings = {key: str(value) for key, value in attributes.items()}
        return str(self.sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"])

    def map(self, arn: str = PREFIX + "q", *, ready: bool = True, **more: Any) -> dict[str, Any]:
        wanted = {"FunctionName": "f", "EventSourceArn": arn} | more
        created: dict[str, Any] = self.client.create_event_source_mapping(**wanted)
        if ready:
            self.lab.clock.advance(seconds=2)
        return created

    def state(self, created: dict[str, Any]) -> str:
        shown = self.client.get_event_source_mapping(UUID=created["UUID"])
        return str(shown["State"])

    def send(self, url: str, **body: Any) -> str:
        named = {"MessageGroupId": body["group"]} if "group" in body else {}
        sent = self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body), **named)
        return str(sent["MessageId"])

    def events(self) -> list[dict[str, Any]]:
        """Every event the function has got, in order of its environments."""
        try:
            lines = self.log_events()
        except self._no_logs():
            return []
        return [json.loads(line[5:]) for line in lines if line.startswith("SEEN ")]

    def bodies(self) -> list[list[Any]]:
        return [[json.loads(r["body"]) for r in event["Records"]] for event in self.events()]

    def seen(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many events."""
        wait_until(lambda: len(self.lab.history.invocations) >= count)
        wait_until(lambda: len(self.events()) >= count)
        return self.events()

    def left(self, url: str) -> tuple[int, int]:
        """Messages that can be received, and those that can't."""
        shown = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        visible, hidden = (int(shown[name]) for name in names)
        return visible, hidden

    @staticmethod
    def _no_logs() -> type[Exception]:
        found: type[Exception] = boto3.client("logs").exceptions.ResourceNotFoundException
        return found
