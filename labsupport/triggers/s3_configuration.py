"""A bucket's notification configuration: read, and refused as S3 refuses it.

docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html says which rules
overlap, grant-destinations-permissions-to-s3.html what destinations have to permit.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

SERVICES = {"Queue": "sqs", "Topic": "sns", "CloudFunction": "lambda"}
"""What a destination is called in the configuration, and the service it belongs to."""

EVENTS = {
    "s3:ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "s3:ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "s3:ObjectRestore": ("Post", "Completed", "Delete"),
    "s3:ObjectTagging": ("Put", "Delete"),
    "s3:Replication": (
        "OperationFailedReplication",
        "OperationNotTracked",
        "OperationMissedThreshold",
        "OperationReplicatedAfterThreshold",
    ),
    "s3:LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
}
SINGLE_EVENTS = (
    "s3:ReducedRedundancyLostObject",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
)


@dataclass(frozen=True)
class Destination:
    """One entry of a configuration.

    Args:
        kind: "Queue", "Topic" or "CloudFunction".
    """

    kind: str
    id: str
    arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        """Whether an event such as "ObjectCreated:Put" of an object is to be sent here."""
        named = f"s3:{event}"
        return (
            (named in self.events or _family(named) in self.events)
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
        )


@dataclass(frozen=True)
class Configuration:
    """Where a bucket sends its events."""

    destinations: tuple[Destination, ...] = ()
    event_bridge: bool = False


class Refused(Exception):
    """S3's refusal of a configuration.

    Args:
        arguments: names and values of what is wrong; numbered where `numbered`.
    """

    def __init__(
        self,
        message: str,
        *arguments: tuple[str, str],
        code: str = "InvalidArgument",
        numbered: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self._arguments = arguments
        self._numbered = numbered

    def document(self) -> bytes:
        """The XML that S3 answers with."""
        parts = [f"<Code>{self.code}</Code><Message>{escape(str(self))}</Message>"]
        for number, (name, value) in enumerate(self._arguments, 1):
            n = number if self._numbered else ""
            parts.append(f"<ArgumentName{n}>{escape(name)}</ArgumentName{n}>")
            parts.append(f"<ArgumentValue{n}>{escape(value)}</ArgumentValue{n}>")
        identity = f"<RequestId>{uuid.uuid4()}</RequestId>"
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return f"{head}<Error>{''.join(parts)}{identity}</Error>".encode()


def read(document: bytes, region: str) -> Configuration:
    """A configuration from the XML of a PutBucketNotificationConfiguration request.

    Args:
        region: the bucket's.

    Raises:
        Refused: where S3 wouldn't take it, whatever the destinations permit.
    """
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError:
        raise _malformed() from None
    destinations = tuple(
        _destination(kind, entry, region)
        for kind in SERVICES
        for entry in root.iterfind(f"{{*}}{kind}Configuration")
    )
    ids = [destination.id for destination in destinations]
    if len(set(ids)) < len(ids):
        raise Refused("Same ID used for multiple configurations. IDs must be unique")
    for one, other in itertools.combinations(destinations, 2):
        _check_overlap(one, other)
    return Configuration(destinations, root.find("{*}EventBridgeConfiguration") is not None)


def check_permissions(
    destinations: Iterable[Destination], fault: Callable[[Destination], tuple[str, str] | None]
) -> None:
    """Refuse destinations that S3 can't use.

    Args:
        fault: says what is wrong with a destination, as the name and value of an argument.
    """
    faults = [found for destination in destinations if (found := fault(destination))]
    if faults:
        message = "Unable to validate the following destination configurations"
        raise Refused(message, *faults, numbered=True)


def _destination(kind: str, entry: ElementTree.Element, region: str) -> Destination:
    arn = entry.findtext(f"{{*}}{kind}", "")
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) < 6:
        raise Refused("The ARN could not be parsed", (kind, arn))
    if parts[2] != SERVICES[kind]:
        raise Refused("The ARN is not well formed", (kind, arn))
    if parts[3] != region:
        message = "The notification destination service region is not valid for the bucket"
        raise Refused(f"{message} location constraint", (kind, arn))
    events = tuple(event.text or "" for event in entry.iterfind("{*}Event"))
    if not events:
        raise _malformed()
    for event in events:
        _check_event(event)
    name = entry.findtext("{*}Id") or str(uuid.uuid4())
    return Destination(kind, name, arn, events, **dict(_filters(entry)))


def _check_event(event: str) -> None:
    family, _, kind = event.rpartition(":")
    kinds = EVENTS.get(family, ())
    if event not in SINGLE_EVENTS and kind not in (kinds and (*kinds, "*")):
        message = "A specified event is not supported for notifications."
        raise Refused(message, ("Event", event))


def _filters(entry: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for rule in entry.iterfind("{*}Filter/{*}S3Key/{*}FilterRule"):
        name = rule.findtext("{*}Name", "")
        if name.lower() not in ("prefix", "suffix"):
            message = "filter rule name must be either prefix or suffix"
            raise Refused(message, ("FilterRule.Name", name))
        yield name.lower(), rule.findtext("{*}Value") or ""


def _check_overlap(one: Destination, other: Destination) -> None:
    common = [
        (mine, theirs)
        for mine, theirs in itertools.product(one.events, other.events)
        if mine == theirs or _family(mine) == theirs or mine == _family(theirs)
    ]
    if not common:
        return
    if not (one.prefix or one.suffix or other.prefix or other.suffix):
        raise Refused(
            "Configurations overlap. Configurations on the same bucket cannot share a common "
            "event type.",
            ("Event", ", ".join(common[0])),
        )
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    if prefixes and suffixes:
        raise Refused(
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules "
            "if the prefixes are overlapping for the same event type."
        )


def _family(event: str) -> str:
    return f"{event.rpartition(':')[0]}:*"


def _malformed() -> Refused:
    return Refused(
        "The XML you provided was not well-formed or did not validate against our published schema",
        code="MalformedXML",
    )
