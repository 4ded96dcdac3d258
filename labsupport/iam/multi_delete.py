"""DeleteObjects: what may be deleted is, and of each other object the answer says why not.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from labsupport.refusals import Refusal

from .evaluation import Ask
from .requests import Call, body
from .resources.s3 import delete_action

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_END = b"</DeleteResult>"


def delete_objects(
    call: Call,
    environ: dict[str, Any],
    start_response: StartResponse,
    app: WSGIApplication,
    refusal: Callable[[Ask], Refusal | None],
) -> Iterable[bytes] | None:
    """Answer DeleteObjects; None where the request can't be read object by object.

    Args:
        refusal: of something that may not be done; None for what may.
    """
    try:
        document = ElementTree.fromstring(body(environ))
    except ElementTree.ParseError:
        return None
    for element in document.iter():  # moto knows the names without their namespace only
        element.tag = element.tag.rpartition("}")[2]
    errors = ""
    wanted = document.findall("Object")
    for entry in wanted:
        key, version = entry.findtext("Key", ""), entry.findtext("VersionId", "")
        ask = Ask(delete_action(version), f"arn:aws:s3:::{call.text('Bucket')}/{key}")
        if refused := refusal(ask):
            document.remove(entry)
            named = f"<VersionId>{escape(version)}</VersionId>" if version else ""
            errors += (
                f"<Error><Key>{escape(key)}</Key>{named}<Code>AccessDenied</Code>"
                f"<Message>{escape(refused.message)}</Message></Error>"
            )
    if not errors:
        return app(environ, start_response)
    if document.find("Object") is None:
        answer = b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' + _END
        return _send([("Content-Type", "application/xml")], answer, errors, start_response)
    rest = ElementTree.tostring(document)
    environ |= {"wsgi.input": io.BytesIO(rest), "CONTENT_LENGTH": str(len(rest))}
    given: list[Any] = []
    answer = b"".join(app(environ, lambda *status: given.extend(status) or _ignore))  # type: ignore[func-returns-value]
    if _END not in answer:
        start_response(*given)
        return [answer]
    return _send(given[1], answer, errors, start_response)


def _send(
    headers: list[tuple[str, str]], answer: bytes, errors: str, start_response: StartResponse
) -> Iterable[bytes]:
    answer = answer.replace(_END, errors.encode() + _END)
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response("200 OK", [*kept, ("Content-Length", str(len(answer)))])
    return [answer]


def _ignore(_: bytes) -> None:
    """WSGI's old way to write, which no application here uses."""
