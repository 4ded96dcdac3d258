"""What SNS sends: signed notifications, as subscribers get them and as Lambda hands them over.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


@dataclass(frozen=True)
class Message:
    """A message published to a topic, as one protocol's subscribers get it.

    Args:
        attributes: by name, each with Type and Value.
    """

    topic_arn: str
    text: str
    at: datetime
    subject: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def region(self) -> str:
        """The topic's Region."""
        return self.topic_arn.split(":")[3]

    def members(self) -> dict[str, str]:
        """What of the message is signed."""
        members = {
            "Type": "Notification",
            "MessageId": self.message_id,
            "TopicArn": self.topic_arn,
            "Subject": self.subject,
            "Message": self.text,
            "Timestamp": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return {name: value for name, value in members.items() if value is not None}

    def notification(self, subscription_arn: str, signed: Mapping[str, str]) -> str:
        """The JSON that a queue gets, a dead-letter queue among them."""
        members: dict[str, Any] = {
            **self.members(),
            **signed,
            "UnsubscribeURL": self._unsubscribe(subscription_arn),
        }
        if self.attributes:
            members["MessageAttributes"] = dict(self.attributes)
        return json.dumps(members, indent=2)

    def event(self, subscription_arn: str, signed: Mapping[str, str]) -> dict[str, Any]:
        """The event that a function gets: one record, with a null for a missing subject."""
        members: dict[str, Any] = {
            "Subject": None,
            **self.members(),
            "SignatureVersion": signed["SignatureVersion"],
            "Signature": signed["Signature"],
            "SigningCertUrl": signed["SigningCertURL"],
            "UnsubscribeUrl": self._unsubscribe(subscription_arn),
            "MessageAttributes": dict(self.attributes),
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "Sns": members,
        }
        return {"Records": [record]}

    def _unsubscribe(self, subscription_arn: str) -> str:
        query = f"Action=Unsubscribe&SubscriptionArn={subscription_arn}"
        return f"https://sns.{self.region}.amazonaws.com/?{query}"


class Signer:
    """SNS's key and certificate in one lab, made for the first message that is signed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Any = None
        self._certificate = b""
        self._name = f"SimpleNotificationService-{uuid.uuid4().hex}.pem"

    @property
    def certificate(self) -> tuple[str, bytes]:
        """The certificate's file name and its PEM."""
        self._prepare()
        return self._name, self._certificate

    def sign(self, message: Message, version: str = "1") -> dict[str, str]:
        """The members that prove where a message is from.

        Args:
            version: the topic's SignatureVersion: "1" for SHA1, "2" for SHA256.
        """
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        self._prepare()
        members = message.members()
        text = "".join(f"{name}\n{members[name]}\n" for name in _SIGNED if name in members)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {
            "SignatureVersion": version,
            "Signature": base64.b64encode(signature).decode(),
            "SigningCertURL": f"https://sns.{message.region}.amazonaws.com/{self._name}",
        }

    def _prepare(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.x509.oid import NameOID

        with self._lock:
            if self._key is not None:
                return
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
            now = datetime.now().astimezone()
            certificate = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=1))
                .not_valid_after(now + timedelta(days=365))
                .sign(key, hashes.SHA256())
            )
            self._certificate = certificate.public_bytes(serialization.Encoding.PEM)
            self._key = key
