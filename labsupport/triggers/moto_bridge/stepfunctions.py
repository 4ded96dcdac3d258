"""moto's Step Functions with its interpreter switched on, led to the lab and to its clock.

The interpreter runs the states of a workflow in threads of its own, calls other services with
boto3 and waits with the machine's clock. Here it calls them at the lab's address with credentials
of the workflow's role, and waits on the lab clock. It takes long to import, and only those who use
Step Functions import it.
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from labsupport.patching import Patches

from ..workflow_time import WorkflowTime
from .workflow_clients import Clients
from .workflow_sync import start_sync_execution

_PARSER = "moto.stepfunctions.parser"
_STATES = f"{_PARSER}.asl.component.state"
_MAP = f"{_STATES}.exec.state_map.iteration"
_WITH_DATETIME = (
    f"{_PARSER}.models",
    f"{_PARSER}.backend.execution",
    f"{_STATES}.state",
    f"{_STATES}.wait.wait_function.timestamp",
    f"{_MAP}.itemprocessor.map_run_record",
)
_GRACE_S = 1.0  # how long a thread that has ended stays at work until its parent goes on


class Interpreter:
    """moto's interpreter in the service of a lab, from `install` until `close`."""

    def __init__(self, time: WorkflowTime, clients: Clients) -> None:
        self._time = time
        self._clients = clients
        self._patches = Patches()

    def install(self) -> None:
        """Switch the interpreter on; change its modules as soon as they are imported."""
        from moto.core.config import default_user_config

        self._settings: Any = default_user_config
        self._setting = default_user_config.get("stepfunctions")
        self._settings["stepfunctions"] = {"execute_state_machine": True}
        when = self._patches.when_imported
        for module in _WITH_DATETIME:
            when(module, self._change_datetime)
        when("moto.stepfunctions.responses", self._change_responses)
        when(f"{_PARSER}.models", self._change_backend)
        when(f"{_PARSER}.api", _name_errors)
        when(f"{_PARSER}.utils", self._change_utils)
        when(f"{_PARSER}.asl.utils.boto_client", self._clients.take_over)
        when(f"{_PARSER}.asl.eval.event.event_manager", self._change_events)
        when(f"{_PARSER}.backend.execution_worker", self._change_executions)
        when(f"{_STATES}.wait.wait_function.wait_function", self._change_wait)
        when(f"{_PARSER}.asl.component.common.retry.retrier_decl", self._change_retry)
        when(f"{_STATES}.exec.state_parallel.branch_worker", self._change_branch)
        when(f"{_STATES}.exec.state_parallel.branches_decl", self._change_branches)
        when(f"{_MAP}.job", self._change_jobs)
        when(f"{_MAP}.iteration_worker", self._change_iterations)
        when(f"{_MAP}.inline_iteration_component", self._change_launch)
        when(f"{_PARSER}.asl.eval.callback.callback", self._change_callbacks)
        when(f"{_STATES}.exec.state_task.service.state_task_service_callback", self._polling)

    def close(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()
        self._clients.close()
        if self._setting is None:
            self._settings.pop("stepfunctions", None)
        else:
            self._settings["stepfunctions"] = self._setting

    def _change_datetime(self, module: Any) -> None:
        now = self._time.now

        class LabDatetime(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> Any:
                return now() if tz else now().replace(tzinfo=None)

        shown = {**vars(datetime), "datetime": LabDatetime}
        self._patches.replace(module, "datetime", SimpleNamespace(**shown))

    def _change_responses(self, module: Any) -> None:
        response_class = module.StepFunctionResponse
        response_class.start_sync_execution = lambda response: start_sync_execution(
            response, self._time
        )

    def _change_backend(self, module: Any) -> None:
        backend_class = module.StepFunctionsParserBackend
        original = backend_class.start_execution

        def start_execution(
            backend: Any, state_machine_arn: str, name: str | None = None, *args: Any, **more: Any
        ) -> Any:
            # Without a name moto takes all executions for one and the same.
            return original(backend, state_machine_arn, name or str(uuid.uuid4()), *args, **more)

        self._patches.replace(backend_class, "start_execution", start_execution)

    def _change_utils(self, module: Any) -> None:
        # The interpreter notes every thread there, and never looks.
        self._patches.replace(module, "TMP_THREADS", deque(maxlen=1))

    def _change_events(self, module: Any) -> None:
        self._patches.replace(
            module.EventManager, "_get_current_timestamp", staticmethod(self._time.now)
        )

    def _change_executions(self, module: Any) -> None:
        worker_class, time = module.ExecutionWorker, self._time
        start, run = worker_class.start, worker_class._execution_logic

        def begin_and_start(worker: Any) -> None:
            time.begin()
            start(worker)

        def run_and_end(worker: Any) -> None:
            try:
                run(worker)
            finally:
                time.end()

        self._patches.replace(worker_class, "start", begin_and_start)
        self._patches.replace(worker_class, "_execution_logic", run_and_end)

    def _change_wait(self, module: Any) -> None:
        time = self._time

        def wait_interval(_: Any, env: Any, wait_seconds: float) -> None:
            if wait_seconds > 0:
                time.wait(wait_seconds, env.is_running)
            if time.closed:
                env.set_stop(stop_date=time.now(), cause=None, error=None)

        self._patches.replace(module.WaitFunction, "_wait_interval", wait_interval)

    def _change_retry(self, module: Any) -> None:
        self._patches.replace(module, "time", SimpleNamespace(sleep=self._time.wait))

    def _change_branch(self, module: Any) -> None:
        worker_class, time = module.BranchWorker, self._time
        start, run = worker_class.start, worker_class._thread_routine

        def begin_and_start(worker: Any) -> None:
            time.begin()
            start(worker)

        def run_and_end(worker: Any) -> None:
            try:
                run(worker)
            finally:
                self._end_after(worker._branch_worker_comm)

        self._patches.replace(worker_class, "start", begin_and_start)
        self._patches.replace(worker_class, "_thread_routine", run_and_end)

    def _change_branches(self, module: Any) -> None:
        self._patches.replace(
            module.BranchWorkerPool, "wait", self._pausing(module.BranchWorkerPool.wait)
        )

    def _change_jobs(self, module: Any) -> None:
        self._patches.replace(
            module.JobPool, "await_jobs", self._pausing(module.JobPool.await_jobs)
        )

    def _change_iterations(self, module: Any) -> None:
        run = module.IterationWorker.eval

        def run_and_end(worker: Any) -> None:
            try:
                run(worker)
            finally:
                self._end_after(worker._job_pool)

        self._patches.replace(module.IterationWorker, "eval", run_and_end)

    def _change_launch(self, module: Any) -> None:
        component, time = module.InlineIterationComponent, self._time
        launch = component._launch_worker

        def begin_and_launch(*args: Any, **kwargs: Any) -> Any:
            time.begin()
            try:
                return launch(*args, **kwargs)
            except BaseException:
                time.end()
                raise

        self._patches.replace(component, "_launch_worker", begin_and_launch)

    def _change_callbacks(self, module: Any) -> None:
        for owner, name in (
            (module.CallbackEndpoint, "wait"),
            (module.HeartbeatEndpoint, "clear_and_wait"),
            (module.ActivityTaskStartEndpoint, "wait"),
        ):
            self._patches.replace(owner, name, self._pausing(getattr(owner, name)))

    def _polling(self, module: Any) -> None:
        self._patches.replace(module, "time", SimpleNamespace(sleep=self._time.pause_for))

    def _pausing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Wait for other threads without being at work."""
        time = self._time

        def wait(waited_for: Any, *args: Any, **kwargs: Any) -> Any:
            waited_for.__dict__.setdefault("cold_start_went_on", threading.Event())
            with time.pause():
                found = original(waited_for, *args, **kwargs)
            waited_for.cold_start_went_on.set()
            return found

        return wait

    def _end_after(self, pool: Any) -> None:
        """End the work of a thread, but not before the one that waits for all has gone on."""
        went_on = pool.__dict__.setdefault("cold_start_went_on", threading.Event())
        if pool._termination_event.is_set():
            went_on.wait(_GRACE_S)
        self._time.end()


def _name_errors(module: Any) -> None:
    """Let errors of the interpreter be answered under their codes, which moto leaves out."""
    for error in list(vars(module).values()):
        if isinstance(error, type) and isinstance(vars(error).get("code"), str):
            error.TYPE = error.code  # type: ignore[attr-defined]
