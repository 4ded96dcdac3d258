"""Lambda's data plane: takes invocations and sees them through."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.clock import LabClock
from labsupport.credentials import handler_environment
from labsupport.history import History

from . import moto_bridge
from .api.account import account_settings
from .api.actions import Actions
from .api.downloads import Downloads
from .api.invoke import invoke_action, invoke_async_action
from .api.invoke_config import InvokeConfigs
from .api.permissions import Permissions
from .api.response_stream import stream_action
from .assignment.concurrency import Concurrency
from .assignment.pool import Defer, EnvironmentPool
from .assignment.provisioned import ProvisionedConcurrency
from .environments.host import Host
from .environments.packages import PackageStore
from .environments.snapshots import Snapshots
from .events.async_queue import AsyncQueue
from .events.destinations import Messenger
from .events.lineage import continue_lineage
from .events.recursion import Recursion
from .events.role_clients import RoleClients
from .model import (
    FunctionVersion,
    InvocationType,
    InvokeRequest,
    InvokeResult,
    ResponseSink,
)
from .processes.cpu_share import CpuShare
from .processes.runtime_programs import check_can_run
from .processes.spawning import open_processes
from .telemetry.logs import LogEvents
from .telemetry.metrics import MetricStore
from .telemetry.recording import Telemetry

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

QUICK_SNAPSHOT_S = 2.0
"""How long publishing waits for a snapshot, so that who looks next finds the version active."""

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


class DataPlane:
    """Runs the functions that moto's control plane keeps.

    Args:
        clock: the lab clock, for idle environments.
        history: takes a record of every invocation.
        endpoint: the lab cloud's address, for boto3 inside a handler.
        region: the lab's Region.
        concurrency: the account's limit in each Region; None for AWS's default.
        scaling_rate: environments a function may start in ten seconds; None for AWS's rate.
        home: a folder of the lab's own, made here where none is given. It is gone at the end.
        isolate: ask for Lambda's real folders, where the system allows it.
        portable_client: run the pure-Python runtime client even where there is a native one.
        cpu_share: says whether functions get "aws", AWS's share of a vCPU, or (None) all they can.
    """

    def __init__(
        self,
        *,
        clock: LabClock,
        history: History,
        endpoint: str,
        region: str,
        concurrency: int | None = None,
        scaling_rate: int | None = None,
        home: Path | None = None,
        isolate: bool = True,
        portable_client: bool = False,
        cpu_share: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.metrics = metrics = MetricStore()
        self._telemetry = Telemetry(clock, history, metrics)
        self.concurrency = Concurrency(concurrency, scaling_rate)
        self._home = home or Path(tempfile.mkdtemp(prefix="cold-start-"))
        self._owner = os.getpid()
        self._processes = open_processes(
            self._home, isolate=isolate, portable_client=portable_client
        )
        lab = handler_environment(endpoint, region)
        host = Host(
            processes=self._processes,
            packages=PackageStore(self._home),
            workspace=self._home,
            write_log=self._write_log,
            credentials=moto_bridge.role_credentials,
            now=clock.now,
            observe=history.record,
            cpu_share=CpuShare(self._processes, cpu_share),
            lab_variables={k: v for k, v in lab.items() if k not in _REGION_VARIABLES},
        )
        self._snapshots = Snapshots(host, moto_bridge.show_state)
        host = replace(host, snapshot=self._snapshots.of)
        self.pool = EnvironmentPool(host, clock, self.concurrency.count_environment)
        self.provisioned = ProvisionedConcurrency(
            clock, self.concurrency, self.pool, moto_bridge.aliases
        )
        self.invoke_configs = InvokeConfigs()
        self.permissions = Permissions()
        self.may_write_log: Callable[[FunctionVersion, str], bool] = lambda function, stream: True
        self.recursion = Recursion()
        self.role_clients = RoleClients(endpoint, moto_bridge.role_credentials)
        self._queue = AsyncQueue(
            clock=clock,
            telemetry=self._telemetry,
            configs=self.invoke_configs,
            messenger=Messenger(self.role_clients.client),
            renew=_renew,
            serve=lambda request: self._serve(request, "Event"),
            stopped=_is_stopped,
        )
        self.when_retired: list[Callable[[str], object]] = [
            self.pool.retire,
            self._snapshots.retire,
            self.invoke_configs.forget,
            self.permissions.forget,
            self.recursion.forget,
            self.provisioned.forget,
        ]
        self._closed = threading.Event()
        self.downloads = Downloads(endpoint, moto_bridge.package_of)
        self._bridge = moto_bridge.Bridge(self)
        self.cloudwatch = moto_bridge.CloudWatch(metrics, clock)

    def prepare(self) -> None:
        """Put the data plane in moto's place. Slow, as it imports moto's Lambda; call it once."""
        self._bridge.install()
        self.cloudwatch.install()

    def actions(self, moto: WSGIApplication) -> Actions:
        """Lambda's API: what is ours, and `moto` for the rest."""
        actions = Actions(moto)
        actions.add(
            Invoke=invoke_action(self),
            InvokeAsync=invoke_async_action(self),
            InvokeWithResponseStream=stream_action(self),
        )
        self.invoke_configs.register(actions)
        self.recursion.register(actions)
        self.provisioned.register(actions)
        self._bridge.register(actions, self.downloads.location)
        actions.add(GetAccountSettings=account_settings(self.concurrency))
        self.permissions.register(actions)
        return actions

    @property
    def isolation(self) -> str:
        """How execution environments are kept apart, in words for the learner."""
        if self._processes.isolated:
            return "processes with Lambda's own folders (/var/task read-only, /opt, /tmp)"
        return "processes with folders of this machine in place of /var/task, /opt and /tmp"

    def invoke(
        self,
        region: str,
        name: str,
        payload: bytes,
        *,
        qualifier: str | None = None,
        kind: InvocationType = "RequestResponse",
        client_context: str = "",
        request_id: str = "",
        trace_header: str = "",
        caller: str = "api",
        sink: ResponseSink | None = None,
        defer: Defer | None = None,
    ) -> InvokeResult | None:
        """The Invoke API, its checks on the payload aside.

        Args:
            name: the function's name or ARN.
            payload: the event as JSON bytes.
            client_context: JSON text for the context's client_context.
            trace_header: X-Amzn-Trace-Id of the request that this call comes from, if any.
            caller, sink: see `InvokeRequest`.
            defer: see `EnvironmentPool.assign`.

        Returns:
            The result, or None where the caller doesn't wait for one.

        Raises:
            ServiceError: as Lambda refuses a call.
        """
        function, invoked_arn = moto_bridge.resolve(region, name, qualifier)
        if kind == "DryRun":
            return None
        check_can_run(function)
        request = replace(
            _request(function, invoked_arn, payload, trace_header),
            request_id=request_id or str(uuid.uuid4()),
            client_context=client_context,
            caller=caller,
            sink=sink,
        )
        if kind == "Event":
            self._queue.accept(request)
            return None
        return self._serve(request, kind, defer)

    def run(self, function: FunctionVersion, invoked_arn: str, payload: bytes) -> InvokeResult:
        """Invoke a resolved version and wait, for moto's triggers."""
        check_can_run(function)
        return self._serve(_request(function, invoked_arn, payload), "RequestResponse")

    def may_invoke(self, function_arn: str, service: str, source_arn: str) -> bool:
        """Whether a function's policy lets a service invoke it."""
        return self.permissions.may_invoke(function_arn, service, source_arn)

    def retire(self, arn: str) -> None:
        """Forget what is deleted, and shut down its idle environments.

        Args:
            arn: of a function, with a qualifier where a version or an alias alone is gone.
        """
        for forget in self.when_retired:
            forget(arn)

    def take_snapshot(self, function: FunctionVersion) -> None:
        """Take the snapshot of a version with SnapStart that is being published."""
        if function.runtime.startswith("python"):
            self._snapshots.take(function, QUICK_SNAPSHOT_S)
        else:
            moto_bridge.show_state(function, {"State": "Active"})

    def check_reservation(self, arn: str, wanted: int) -> None:
        """Refuse reserved concurrency that the account can't give."""
        reserved = moto_bridge.reserved_concurrency(arn.split(":")[3])
        self.concurrency.check_reservation(arn, wanted, reserved)

    def _write_log(self, function: FunctionVersion, stream: str, events: LogEvents) -> None:
        if self._closed.is_set():  # the next lab may be there by now
            return
        if self.may_write_log(function, stream):
            moto_bridge.write_log(function, stream, events)

    def _serve(
        self, request: InvokeRequest, kind: InvocationType, defer: Defer | None = None
    ) -> InvokeResult:
        first, target = request.function, request.invoked_arn
        self.provisioned.follow(target, first)
        function = moto_bridge.routed(first, target, random.random())
        if function is not first:
            request, target = replace(request, function=function), function.qualified_arn
        reserved = moto_bridge.reserved_concurrency(function.region)
        with self._telemetry.admission(request, kind):
            self.recursion.check(request)
            with (
                self.concurrency.hold(function, target, reserved, kind) as provisioned,
                self.pool.assign(function, provisioned, defer) as environment,
                self._telemetry.invocation(
                    request, kind, environment, self.concurrency.load(function, target, reserved)
                ) as running,
            ):
                running.result = result = environment.invoke(request)
        return result

    def close(self) -> None:
        """End every environment and give back what the data plane took. Twice does no harm."""
        if self._closed.is_set() or os.getpid() != self._owner:
            return
        self._closed.set()
        self._bridge.remove()
        self.cloudwatch.remove()
        self._queue.close()
        self.provisioned.close()
        self._snapshots.close()
        self._processes.close()
        self.pool.close()
        shutil.rmtree(self._home, ignore_errors=True)


def _renew(request: InvokeRequest) -> InvokeRequest:
    function, _ = moto_bridge.resolve(request.function.region, request.invoked_arn, None)
    return replace(request, function=function)


def _is_stopped(function: FunctionVersion) -> bool:
    return moto_bridge.reserved_concurrency(function.region).get(function.arn) == 0


def _request(
    function: FunctionVersion, arn: str, payload: bytes, trace_header: str = ""
) -> InvokeRequest:
    sampled = function.tracing == "Active"  # on AWS one request a second, then one in twenty
    return InvokeRequest(
        function=function,
        invoked_arn=arn,
        payload=payload,
        request_id=str(uuid.uuid4()),
        trace=continue_lineage(trace_header, function.arn, sampled=sampled),
    )
