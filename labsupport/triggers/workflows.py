"""Step Functions: Standard and Express workflows that call functions.

Waits, intervals of retries and the times in a workflow's history are lab time; a task's own
TimeoutSeconds is real time, as functions run in real time.
docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

from .moto_bridge.stepfunctions import Interpreter
from .moto_bridge.workflow_clients import Clients
from .surroundings import Surroundings
from .workflow_time import WorkflowTime


class Workflows:
    """Runs the workflows that are started in a lab."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._time = WorkflowTime(surroundings.clock)
        self._interpreter = Interpreter(self._time, Clients(surroundings.endpoint))

    def install(self) -> None:
        """Let moto's interpreter run workflows."""
        self._interpreter.install()

    def close(self) -> None:
        """End the waits of workflows that still run, and leave moto as it was."""
        self._time.close()
        self._interpreter.close()
