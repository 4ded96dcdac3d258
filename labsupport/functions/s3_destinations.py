"""Where a bucket may send its events: S3 keeps a configuration only if it may use it.

docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from labsupport.credentials import ACCOUNT_ID
from labsupport.iam import Ask, Caller, decide
from labsupport.iam.moto_policies import resource_policy
from labsupport.iam.requests import body, read

from .moto_bridge.triggers import MayInvoke

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_S3 = "s3.amazonaws.com"
_REFUSED = (
    "Permissions on the destination {} do not allow S3 to publish notifications from this bucket"
)
_KINDS = (("Queue", "queue", "sqs:SendMessage"), ("Topic", "topic", "sns:Publish"))


class S3Destinations:
    """Checks what PutBucketNotificationConfiguration names, and leaves the rest to moto."""

    def __init__(self, may_invoke: MayInvoke, moto: WSGIApplication) -> None:
        self._may_invoke = may_invoke
        self._moto = moto

    def wants(self, environ: dict[str, Any]) -> bool:
        """Whether a request puts a bucket's notification configuration."""
        query: str = environ.get("QUERY_STRING", "")
        return environ["REQUEST_METHOD"] == "PUT" and query.startswith("notification")

    def app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("HTTP_X_AMZ_SKIP_DESTINATION_VALIDATION", "").lower() != "true":
            bucket = f"arn:aws:s3:::{read(environ).text('Bucket')}"
            faults = list(self._faults(bucket, body(environ)))
            if faults:
                return _refuse(faults, start_response)
        return self._moto(environ, start_response)

    def _faults(self, bucket: str, document: bytes) -> Iterator[tuple[str, str]]:
        """The destinations that may not be used, with the reason."""
        try:
            configuration = ElementTree.fromstring(document)
        except ElementTree.ParseError:  # moto will refuse it
            return
        for element, name, action in _KINDS:
            for entry in configuration.iterfind(f"{{*}}{element}Configuration"):
                arn = entry.findtext(f"{{*}}{element}", "")
                if not _may(action, arn, bucket):
                    yield arn, _REFUSED.format(name)
        for entry in configuration.iterfind("{*}CloudFunctionConfiguration"):
            arn = entry.findtext("{*}CloudFunction", "")
            if arn.startswith("arn:") and not self._may_invoke(arn, _S3, bucket):
                yield f"{arn}, null", f"Not authorized to invoke function [{arn}]"


def _may(action: str, arn: str, bucket: str) -> bool:
    context = {"aws:sourcearn": bucket, "aws:sourceaccount": ACCOUNT_ID}
    policy = resource_policy(arn)
    return decide(Ask(action, arn, context), Caller(arn="", service=_S3), policy) is None


def _refuse(faults: list[tuple[str, str]], start_response: StartResponse) -> Iterable[bytes]:
    arguments = "".join(
        f"<ArgumentName{n}>{escape(name)}</ArgumentName{n}>"
        f"<ArgumentValue{n}>{escape(value)}</ArgumentValue{n}>"
        for n, (name, value) in enumerate(faults, 1)
    )
    answer = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidArgument</Code>'
        "<Message>Unable to validate the following destination configurations</Message>"
        f"{arguments}<RequestId>{uuid.uuid4()}</RequestId></Error>"
    ).encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(answer)))]
    start_response("400 Bad Request", headers)
    return [answer]
