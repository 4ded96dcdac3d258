"""The lab's one door: who may come in, and which application answers.

Everything that speaks to the lab cloud, from the notebook, the command line or a handler, comes
through here. Every request must carry an access key id that belongs to this lab; all others are
refused as AWS refuses an unknown key. What remains goes to the first route that wants it, and
otherwise to moto.
"""

from __future__ import annotations

import functools
import hmac
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from labsupport import refusals
from labsupport.errors import LabError
from labsupport.httpserver import Server
from labsupport.options import checked_port

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

    from labsupport.iam import Gate

    Environ = dict[str, Any]

log = logging.getLogger("labsupport.gateway")

PREPARATION_SECONDS = 60.0  # that closing waits for, at most
FORM_HEAD = 64 * 1024
FORM_CREDENTIAL = re.compile(rb'(?i)name="(?:x-amz-credential|awsaccesskeyid)"\r\n\r\n([^\r\n]+)')


@dataclass(frozen=True, slots=True)
class Route:
    """An application that answers some requests in moto's place.

    `wants` looks at the WSGI environment of a request and must be quick. With `signed=False`
    the route is open to callers without a key, as a public function URL is; it then has to
    decide for itself whom to answer.
    """

    wants: Callable[[Environ], bool]
    app: WSGIApplication
    signed: bool = True


class Gateway:
    """Serve moto and `routes` on 127.0.0.1 to holders of this lab's keys.

    Raises `LabError` when moto is not installed or the port is taken, `LabValueError` when
    `port` is not a port number.
    """

    def __init__(self, access_key_id: str, *, routes: Iterable[Route] = (), port: int = 0) -> None:
        self._key = access_key_id.encode()
        self._routes = list(routes)
        self.moto = _moto_application()
        self._ready = threading.Event()
        self._ready.set()
        self._preparing: threading.Thread | None = None
        self._fault: Exception | None = None
        self.gate: Gate | None = None  # decides by policies where there is one
        try:
            self._server = Server(self, checked_port(port))
        except OSError as error:
            raise LabError(
                f"Port {port} on 127.0.0.1 cannot be used ({error.strerror or error}): "
                "choose another with port=…, or 0 for any free one."
            ) from None
        self.endpoint = f"http://127.0.0.1:{self._server.port}"

    def add_route(self, route: Route) -> None:
        """Let `route` answer from now on, before routes added earlier."""
        self._routes.insert(0, route)

    def prepare(self, function: Callable[[], object]) -> None:
        """Run `function` in the background; requests that arrive meanwhile wait for its end.

        If it fails, every request is answered with what went wrong.
        """
        self._ready.clear()

        def run() -> None:
            try:
                function()
            except Exception as error:
                log.exception("the lab cloud could not be prepared")
                self._fault = error
            finally:
                self._ready.set()

        self._preparing = threading.Thread(target=run, name="lab-prepare", daemon=True)
        self._preparing.start()

    def wait_until_ready(self) -> None:
        """Wait for what `prepare` has begun, unless this thread is the one at work."""
        if self._preparing is not threading.current_thread():
            self._ready.wait()

    def close(self) -> None:
        """Stop serving. Calling it twice does no harm."""
        self._ready.wait(PREPARATION_SECONDS)
        self._server.close()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (the WSGI application behind the server)."""
        self._ready.wait()
        key_id: str | None = None
        route = next((route for route in self._routes if route.wants(environ)), None)
        if route is None or route.signed:
            key_id = access_key_id(environ)
            if key_id is None or not self._knows(key_id):
                return refusals.unknown_key(environ, key_id, start_response)
        if self._fault is not None:
            return refusals.internal_failure(environ, self._fault, start_response)
        try:
            app = self.moto if route is None else route.app
            gate = self.gate
            if gate is not None and key_id is not None:
                return gate.answer(environ, start_response, key_id, app)
            return app(environ, start_response)
        except NotImplementedError as error:
            log.info("the lab cloud does not implement this: %s", error)
            return refusals.not_implemented(environ, str(error), start_response)
        except (ConnectionError, TimeoutError):
            raise  # the client went away in the middle of its request
        except Exception as error:
            log.warning("the lab cloud failed", exc_info=True)
            return refusals.internal_failure(environ, error, start_response)

    def _knows(self, key_id: str) -> bool:
        return hmac.compare_digest(key_id.encode(), self._key) or _issued(key_id)


def access_key_id(environ: Environ) -> str | None:
    """The access key id a request is signed with, or None.

    It stands in the Authorization header (Signature Version 4 or 2), in the query of a
    presigned URL, or in the form of a presigned POST.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
    """
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    if authorization.startswith("AWS4-"):
        return _before_slash(authorization.partition("Credential=")[2])
    if authorization.startswith("AWS "):
        return authorization[4:].partition(":")[0].strip() or None
    query: str = environ.get("QUERY_STRING", "")
    if "X-Amz-Credential" in query or "AWSAccessKeyId" in query:
        fields = parse_qs(query)
        if credential := fields.get("X-Amz-Credential"):
            return _before_slash(credential[0])
        if key := fields.get("AWSAccessKeyId"):
            return key[0]
    if environ.get("CONTENT_TYPE", "").startswith("multipart/form-data"):
        return _key_in_form(environ["wsgi.input"])
    return None


def _key_in_form(stream: Any) -> str | None:
    """Look at the beginning of a form, where S3 wants everything but the file."""
    beginning = bytes(stream.peek() if hasattr(stream, "peek") else stream.getbuffer()[:FORM_HEAD])
    if found := FORM_CREDENTIAL.search(beginning):
        return _before_slash(found[1].decode("latin-1") + "/")
    return None


def _before_slash(credential: str) -> str | None:
    key_id, slash, _ = credential.partition("/")
    return key_id.strip() if slash and key_id.strip() else None


def _issued(key_id: str) -> bool:
    """Whether this lab's IAM or STS has issued an access key that is still active.

    Handlers hold such keys, from the role they assumed. Python's string hashes are random in
    every process, so the time a lookup takes tells a stranger nothing.
    """
    backends = getattr(sys.modules.get("moto.iam.models"), "iam_backends", {})
    for account in list(backends.values()):
        for backend in list(account.values()):
            key = backend.access_keys.get(key_id)
            if key is not None:
                return bool(key.status == "Active")
    return False


def _moto_application() -> WSGIApplication:
    try:
        import boto3  # noqa: F401 - before moto: the same modules then load a fifth faster
        from moto.moto_server import werkzeug_app
    except ImportError as error:
        raise LabError(
            f"The lab cloud needs {error.name or 'moto'}, which this Python "
            f"({sys.executable}) does not have: start the course with "
            "“python3 -m course lab”, which installs it."
        ) from None

    class Dispatcher(werkzeug_app.DomainDispatcherApplication):
        # Which backend serves a host never changes, but moto looks through its folders on
        # disk and three hundred patterns to say so, for every request.
        @functools.lru_cache(maxsize=1024)  # noqa: B019 - one dispatcher lives as long as its lab
        def get_backend_for_host(self, host: str | None) -> Any:
            return super().get_backend_for_host(host)

    return Dispatcher(werkzeug_app.create_backend_app)
