"""The gate: decides every request by its caller's policies before a service sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labsupport import refusals
from labsupport.credentials import ACCOUNT_ID
from labsupport.refusals import Refusal

from . import execution_roles, moto_policies
from .denials import denied
from .evaluation import Ask, Caller, decide
from .multi_delete import delete_objects
from .policies import Context
from .requests import Call, read
from .resources import asks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

    Environ = dict[str, Any]

ADMINISTRATOR = Caller(
    arn=f"arn:aws:sts::{ACCOUNT_ID}:user/moto",  # as GetCallerIdentity says
    administrator=True,
    context={"aws:principalarn": f"arn:aws:sts::{ACCOUNT_ID}:user/moto", "aws:username": "moto"},
)


class Gate:
    """Decides requests as IAM does.

    The lab's own key is the account's administrator: only an explicit deny stops it, and only a
    role's trust policy says whether it may assume the role. The lab is called over plain HTTP, yet
    aws:SecureTransport is true, as it is for every SDK that calls AWS.

    Args:
        administrator_key: the access key id of the lab.
        now: the lab's date and time, for aws:CurrentTime.
        function_policy: gives the resource policy of a function's ARN, with its qualifier.
    """

    def __init__(
        self,
        administrator_key: str,
        now: Callable[[], datetime],
        function_policy: Callable[[str], str | None],
    ) -> None:
        self._administrator_key = administrator_key
        self._now = now
        self._function_policy = function_policy

    def answer(
        self,
        environ: Environ,
        start_response: StartResponse,
        access_key_id: str,
        app: WSGIApplication,
    ) -> Iterable[bytes]:
        """Let `app` answer what the holder of a key may do, and refuse all else."""
        caller = self._caller(access_key_id)
        call = read(environ)
        context = self._context(environ, call)

        def refusal(ask: Ask) -> Refusal | None:
            reason = self._decide(ask, caller, context)
            return denied(call, ask, caller, reason) if reason else None

        if call.operation == "DeleteObjects":
            answer = delete_objects(call, environ, start_response, app, refusal)
            if answer is not None:
                return answer
        for ask in (*asks(call), *_unless_there(call)):
            if found := refusal(ask):
                return refusals.refuse(environ, found, start_response)
        if message := self._role_lacks(call, context):
            return refusals.refuse(environ, execution_roles.refusal(message), start_response)
        return app(environ, start_response)

    def denies(self, ask: Ask, access_key_id: str, region: str) -> bool:
        """Whether the holder of a key may not do something, asked by a service of the lab."""
        return self._decide(ask, self._caller(access_key_id), self._at(region)) is not None

    def may_write_log(
        self, role_arn: str, function: str, region: str, group: str, stream: str
    ) -> bool:
        """Whether a function's execution role lets Lambda write to a log stream, and make it.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
        """
        caller = moto_policies.role_session(role_arn, function)
        resource = f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}:log-stream:"
        there = moto_policies.log_streams(region, group)
        needed = [Ask("logs:PutLogEvents", resource + stream)]
        if there is None:
            needed.append(Ask("logs:CreateLogGroup", resource))
        if stream not in (there or ()):
            needed.append(Ask("logs:CreateLogStream", resource + stream))
        context = self._at(region)
        return all(self._decide(ask, caller, context) is None for ask in needed)

    def _role_lacks(self, call: Call, context: Context) -> str:
        """The message for a configuration that a function's role isn't allowed; "" for none."""
        needs = list(execution_roles.needs(call))
        role = execution_roles.role_of(call) if needs else ""
        if not role:
            return ""
        caller = moto_policies.role_session(role, call.text("FunctionName"))
        lacking = (text for ask, text in needs if self._decide(ask, caller, context))
        return next(lacking, "")

    def _caller(self, access_key_id: str) -> Caller:
        if access_key_id == self._administrator_key:
            return ADMINISTRATOR
        return moto_policies.caller_of(access_key_id)

    def _decide(self, ask: Ask, caller: Caller, context: Context) -> str | None:
        if ask.action == "sts:AssumeRole":
            trust = moto_policies.trust_policy(ask.resource)
            return decide(ask, caller, trust, context, trust=True)
        return decide(ask, caller, self._resource_policy(ask.resource), context)

    def _resource_policy(self, resource: str) -> str | None:
        if resource.startswith("arn:aws:lambda:") and ":function:" in resource:
            return self._function_policy(resource)
        return moto_policies.resource_policy(resource)

    def _context(self, environ: Environ, call: Call) -> dict[str, str]:
        found = self._at(call.region)
        found["aws:sourceip"] = environ.get("REMOTE_ADDR", "127.0.0.1")
        for key, header in (("aws:useragent", "user-agent"), ("aws:referer", "referer")):
            if header in call.headers:
                found[key] = call.headers[header]
        return found

    def _at(self, region: str) -> dict[str, str]:
        now = self._now().astimezone(UTC)
        return {
            "aws:currenttime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(now.timestamp())),
            "aws:principalaccount": ACCOUNT_ID,
            "aws:requestedregion": region,
            "aws:resourceaccount": ACCOUNT_ID,
            "aws:securetransport": "true",
            "aws:viaawsservice": "false",
        }


def _unless_there(call: Call) -> list[Ask]:
    """What reading an object that isn't there needs: who may not list the bucket isn't told so.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    bucket, key = call.text("Bucket"), call.text("Key")
    reads = call.service == "s3" and call.operation in ("GetObject", "HeadObject")
    if not reads or moto_policies.object_exists(bucket, key):
        return []
    return [Ask("s3:ListBucket", f"arn:aws:s3:::{bucket}")]
