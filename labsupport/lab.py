"""The lab: one cloud on this machine, started and stopped in one line."""

from __future__ import annotations

import atexit
import os
import platform
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from labsupport import panel
from labsupport.clock import LabClock
from labsupport.credentials import ACCOUNT_ID, Mask, new_credentials
from labsupport.gateway import Gateway, Route
from labsupport.history import History
from labsupport.notebook import shell as _notebook
from labsupport.options import (
    checked_cpu_share,
    checked_limit,
    checked_port,
    checked_region,
    checked_speed,
)

if TYPE_CHECKING:
    from labsupport.console import Console
    from labsupport.figures import Picture
    from labsupport.functions import DataPlane
    from labsupport.pricing import Bill
    from labsupport.sam.deploying import Deployed
    from labsupport.sam.exporting import Exported
    from labsupport.sam.stacks import Stack
    from labsupport.triggers.opening import Triggers
    from labsupport.views.explaining import Explanation
    from labsupport.views.trace import Trace


class Lab:
    """A running lab cloud. Start one with `Lab.start()`; a process has one at a time.

    While it runs, `boto3.client(…)`, the `aws` command and boto3 inside a handler reach this
    cloud and nothing else.
    """

    _current: Lab | None = None
    _starting = threading.RLock()

    def __init__(
        self,
        *,
        speed: float,
        region: str,
        port: int,
        concurrency: int | None,
        scaling_rate: int | None,
        cpu_share: str | None,
    ) -> None:
        self._pid = os.getpid()
        self._shown_in_cell: int | None = None
        self._traced = 0
        self._stacks: dict[str, Stack] = {}
        self._isolation = "not running"
        self._data_plane: Future[DataPlane] = Future()
        self._triggers: Triggers | None = None
        self._console: Console | None = None
        self.running = False
        self.region = region
        self.account_id = ACCOUNT_ID
        self._concurrency = concurrency
        self._scaling_rate = scaling_rate
        self._cpu_share = cpu_share
        self.clock = LabClock(speed)
        self.history = History()
        self._credentials = new_credentials()
        self._gateway = Gateway(self._credentials.access_key_id, port=port)
        self.endpoint = self._gateway.endpoint
        self._mask = Mask(self.endpoint, region, self._credentials)
        try:
            self._mask.put_on()
        except BaseException:
            self._data_plane.cancel()
            self._close()
            raise
        # What is slow to import need not keep the learner waiting: requests will.
        self._gateway.prepare(self._open_data_plane)
        self.running = True

    @classmethod
    def start(
        cls,
        *,
        speed: float = 60,
        region: str = "us-east-1",
        port: int = 0,
        concurrency: int | None = None,
        scaling_rate: int | None = None,
        cpu_share: str | None = None,
    ) -> Lab:
        """Start a fresh lab cloud, ending the one this process may already have.

        `speed` is how many lab seconds pass in a second, `region` the Region that clients
        use when they name none, `port` where to listen on 127.0.0.1 (0: any free port).
        `concurrency` is how many invocations may run at once in a Region, `scaling_rate` how
        many environments a function may start in ten seconds (None: AWS's own numbers).
        `cpu_share` is described at the attribute of that name.
        In a notebook the status panel is shown. Raises `LabError`, in one sentence.
        """
        speed, port, region = checked_speed(speed), checked_port(port), checked_region(region)
        concurrency = checked_limit(concurrency, "concurrency limit")
        scaling_rate = checked_limit(scaling_rate, "scaling rate")
        cpu_share = checked_cpu_share(cpu_share)
        with cls._starting:
            if cls._current is not None:
                cls._current.stop()
            lab = cls(
                speed=speed,
                region=region,
                port=port,
                concurrency=concurrency,
                scaling_rate=scaling_rate,
                cpu_share=cpu_share,
            )
            cls._current = lab
        lab._show()
        return lab

    def stop(self) -> None:
        """End the lab: its processes, its cloud and the mask over real credentials.

        Calling it twice does no harm, and in a forked child it does nothing.
        """
        if self._pid != os.getpid():
            return
        with Lab._starting:
            if not self.running:
                return
            self.running = False
            if Lab._current is self:
                Lab._current = None
            self._close()
            if self._console is not None:
                self._console.stop()

    def enforce_iam(self, on: bool = True) -> None:
        """Decide every request by its caller's policies from now on; `False` allows all again.

        A lab starts with all allowed. The lab's own key is the account's administrator. Users and
        roles, and so handlers, may then do what their policies and those of resources allow.
        """
        plane = self._data_plane.result()
        if not on:
            self._gateway.gate = None
            plane.may_write_log = lambda function, stream: True
            return
        from labsupport.iam import Gate

        key = self._credentials.access_key_id
        gate = Gate(key, self.clock.now, plane.permissions.policy_of)
        plane.may_write_log = lambda function, stream: gate.may_write_log(
            function.role_arn, function.name, function.region, function.log_group, stream
        )
        self._gateway.gate = gate

    def environment(self) -> dict[str, str]:
        """The variables that let another program use this lab, its key among them."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self._credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._credentials.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
        }

    @property
    def cpu_share(self) -> str | None:
        """How much CPU a handler gets: None for all it can take, "aws" for AWS's share.

        That is memory / 1,769 MB of a vCPU, during invocations; Init runs at full speed. It may be
        changed at any time and holds from the next invocation on. Raises `LabValueError`.
        """
        return self._cpu_share

    @cpu_share.setter
    def cpu_share(self, share: str | None) -> None:
        self._cpu_share = checked_cpu_share(share)

    def bill(self, times: int = 1, *, free_tier: bool = False) -> Bill:
        """What the lab's invocations so far would have cost on AWS, function by function.

        `times` is how often the same would happen in a month; see `labsupport.pricing`.
        """
        from labsupport.pricing.measured import bill_of

        return bill_of(self.history.invocations, times=times, free_tier=free_tier)

    def timeline(self, function: str | None = None, last: int | None = None) -> Picture:
        """Execution environments as lanes: Init, invocations, waits, throttles, ends.

        `function` is the name of the one to show, `last` how many of the latest requests. Time is
        this machine's, as handlers run in real time; raises `LabValueError` where nothing has run.
        """
        from labsupport.views.timeline import timeline

        history = self.history
        return timeline(
            history.events,
            function=function,
            last=last,
            speed=self.clock.speed,
            dropped=history.dropped,
        )

    def trace(self, request_id: str | None = None) -> Trace:
        """Who called whom, how often and with which outcome, as a sequence diagram.

        `request_id` is that of one request, to follow it and all that it led to; without it, all is
        shown that happened since `trace` was last called so. Raises `LabValueError`.
        """
        from labsupport.views.trace import trace

        records, dropped = self.history.events, self.history.dropped
        shown = trace(
            records,
            request_id=request_id,
            since=max(0, self._traced - dropped),
            speed=self.clock.speed,
            dropped=dropped,
        )
        if request_id is None:
            self._traced = dropped + len(records)
        return shown

    def console(self) -> Console:
        """A live panel: functions, invocations as they come, logs, queues, and a way to invoke.

        Every call shows the same lab. Where no widget runs it is tables of this moment.
        """
        if self._console is None:
            from labsupport.console import Console, Source

            self._gateway.wait_until_ready()
            plane, triggers = self._data_plane, self._triggers
            works = not plane.cancelled() and plane.exception() is None
            self._console = Console(
                Source(
                    region=self.region,
                    environment=self.environment(),
                    history=self.history,
                    running=lambda: self.running,
                    in_use=plane.result().concurrency.in_use if works else dict,
                    mappings=lambda: triggers.mappings if triggers is not None else [],
                )
            )
        return self._console

    def explain(self, subject: object) -> Explanation:
        """What happened, where to look, the usual cause, and the lesson on it, in a few sentences.

        `subject` is an answer of `invoke` (its payload stays readable), an exception, an error
        payload, a message of a dead-letter queue, the text of a log, or a record of `history`.
        """
        from labsupport.views.explaining import explain
        from labsupport.views.lab_log import log_of

        return explain(subject, log_of if self.running else None)

    def export_sam(self, folder: str | PathLike[str]) -> Exported:
        """Write what was built in this lab as a SAM template with its code, for `sam deploy`.

        `folder` is made, or may hold an earlier export, and nothing else. What a template cannot
        say is listed in it, and in what this returns, with the command to type next. Data are not
        exported, nor the lab's key or address. Raises `LabError`, in one sentence.

            >>> lab.export_sam("photomart")
        """
        from labsupport.sam.exporting import export

        key = self._credentials
        secrets = (self.endpoint, key.access_key_id, key.secret_access_key)
        return export(folder, self.region, (*secrets, self.endpoint.partition("//")[2]))

    def deploy_sam(
        self,
        template: str | PathLike[str],
        *,
        parameters: Mapping[str, Any] | None = None,
        stack_name: str | None = None,
    ) -> Deployed:
        """Make what a SAM or CloudFormation template describes in this lab, or change it to that.

        `template` is its path, the folder with its template.yaml, or its text. `parameters` are the
        template's, `stack_name` is that of the folder unless given. AWS's own translator reads the
        template; the resources are then made by the calls you could have typed, so CloudFormation
        itself knows of no stack. Raises `LabError`, in one sentence.

            >>> deployed = lab.deploy_sam("photomart")
            >>> deployed.outputs["ShopUrl"]
        """
        from labsupport.sam.deploying import deploy_template

        return deploy_template(template, parameters or {}, stack_name, self.region, self._stacks)

    @property
    def isolation(self) -> str:
        """How handlers are kept apart from the rest of this machine, or why none can run."""
        if self.running:
            error = self._data_plane.exception()
            if error is None:
                self._isolation = self._data_plane.result().isolation
            else:
                self._isolation = f"none, as functions cannot run here: {error}"
        return self._isolation

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return panel.as_text(self._status())

    def _repr_html_(self) -> str:
        return panel.as_html(self._status())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        status = self._status()
        return {"text/plain": panel.as_text(status), "text/html": panel.as_html(status)}

    def _ipython_display_(self) -> None:
        # `Lab.start()` as a cell's last line: `start` has shown the panel already.
        shell = _notebook()
        cell, self._shown_in_cell = self._shown_in_cell, None
        if shell is None:
            print(self)
        elif cell != shell.execution_count:
            shell.display_pub.publish(self._repr_mimebundle_())

    def _show(self) -> None:
        if (shell := _notebook()) is not None:
            shell.display_pub.publish(self._repr_mimebundle_())
            self._shown_in_cell = shell.execution_count

    def _status(self) -> panel.Status:
        return panel.Status(
            running=self.running,
            endpoint=self.endpoint,
            region=self.region,
            account_id=self.account_id,
            isolation=self.isolation,
            python=platform.python_version(),
            speed=self.clock.speed,
            iam=self._gateway.gate is not None,
        )

    def _open_data_plane(self) -> None:
        try:
            from labsupport.functions import DataPlane
            from labsupport.triggers import Surroundings, open_triggers

            plane = DataPlane(
                clock=self.clock,
                history=self.history,
                endpoint=self.endpoint,
                region=self.region,
                concurrency=self._concurrency,
                scaling_rate=self._scaling_rate,
                home=self._mask.folder,
                cpu_share=lambda: self._cpu_share,
            )
        except BaseException as error:
            self._data_plane.set_exception(error)
            raise
        self._data_plane.set_result(plane)
        actions = plane.actions(self._gateway.moto)
        self._gateway.add_route(Route(actions.wants, actions.app))
        packages = plane.downloads
        self._gateway.add_route(Route(packages.wants, packages.app, signed=False))
        plane.prepare()
        self._triggers = open_triggers(
            Surroundings(
                clock=self.clock,
                history=self.history,
                plane=plane,
                actions=actions,
                add_route=self._gateway.add_route,
                endpoint=self.endpoint,
                key=self._credentials,
                gate=lambda: self._gateway.gate,
            )
        )

    def _close(self) -> None:
        self._gateway.close()
        if self._triggers is not None:
            self._triggers.close()
        if not self._data_plane.cancelled() and self._data_plane.exception() is None:
            self._data_plane.result().close()
        self.clock.close()
        _reset_moto()
        self._mask.take_off()


def _reset_moto() -> None:
    """Forget every resource of the cloud that ran."""
    base = sys.modules.get("moto.core.base_backend")
    instances = sys.modules.get("moto.core.model_instances")
    if base is not None and instances is not None:
        base.BackendDict.reset()
        instances.reset_model_data()


def _stop_at_exit() -> None:
    if Lab._current is not None:
        Lab._current.stop()


def _finish_preparing() -> None:
    # A child forked in the middle of an import would wait for that import for ever.
    if Lab._current is not None:
        Lab._current._gateway.wait_until_ready()


atexit.register(_stop_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_finish_preparing)
