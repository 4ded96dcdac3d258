"""StartSyncExecution, which moto's Step Functions doesn't have.

docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..workflow_time import WorkflowTime

_BILLED_STEP_MS = 100
_BILLED_MEMORY_MB = 64  # the least; the interpreter doesn't measure memory


def start_sync_execution(response: Any, time: WorkflowTime) -> Any:
    """Run an Express workflow and answer with its outcome."""
    from moto.core.exceptions import AWSError
    from moto.core.responses import ActionResult
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
    from moto.stepfunctions.parser.backend.execution import SyncExecution

    arn, name = response._get_param("stateMachineArn"), response._get_param("name")
    given = response._get_param("input", if_none="{}")
    machine = response.stepfunction_backend.describe_state_machine(arn)
    if machine.type != "EXPRESS":
        raise AWSError(
            "This operation is not supported by this type of state machine",
            "StateMachineTypeNotSupported",
        )
    try:
        json.loads(given)
    except ValueError as error:
        raise AWSError(
            f"Invalid State Machine Execution Input: '{error}'", "InvalidExecutionInput"
        ) from error
    name = name or str(uuid.uuid4())
    execution = SyncExecution(
        name=name,
        sm_type=machine.type,
        role_arn=machine.roleArn,
        exec_arn=machine.arn.replace(":stateMachine:", ":express:") + f":{name}:{uuid.uuid4()}",
        account_id=response.current_account,
        region_name=response.region,
        state_machine=machine,
        start_date=time.now(),
        cloud_watch_logging_session=None,
        input_data=given,
        activity_store={},
    )
    execution.start()
    ended: Any = execution.stop_date
    status: Any = execution.sync_execution_status
    took = (ended - execution.start_date).total_seconds() * 1000
    answer = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": machine.arn,
        "name": name,
        "startDate": execution.start_date,
        "stopDate": ended,
        "status": status.value,
        "input": given,
        "inputDetails": {"included": True},
        "billingDetails": {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": -int(-took // _BILLED_STEP_MS) * _BILLED_STEP_MS,
        },
    }
    if answer["status"] == "SUCCEEDED":
        answer["output"] = to_json_str(execution.output, separators=(",", ":"))
        answer["outputDetails"] = {"included": True}
    for member in ("error", "cause"):
        if (value := getattr(execution, member)) is not None:
            answer[member] = value
    return ActionResult(answer)
