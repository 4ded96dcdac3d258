"""Step Functions workflows that call functions, in lab time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refusal, wait_until

SOURCE = (
    "calls = 0\n"
    "class Unhappy(Exception):\n"
    "    pass\n"
    "def handler(event, context):\n"
    "    global calls\n"
    "    calls += 1\n"
    "    if event.get('fail') or (event.get('flaky') and calls < 3):\n"
    "        raise Unhappy('no')\n"
    "    return {'got': event, 'calls': calls}\n"
)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
INVOKE = "arn:aws:states:::lambda:invoke"
TASK = {"Type": "Task", "Resource": ARN, "End": True}


class Workflows:
    """State machines in a lab."""

    def __init__(self, functions: Lambda) -> None:
        self.functions, self.lab = functions, functions.lab
        self.client = boto3.client("stepfunctions")
        self.count = 0

    def create(self, states: dict[str, Any], **more: Any) -> str:
        self.count += 1
        definition = {"StartAt": next(iter(states)), "States": states}
        settings = {"roleArn": self.functions.role, "name": f"m{self.count}"} | more
        made = self.client.create_state_machine(definition=json.dumps(definition), **settings)
        return str(made["stateMachineArn"])

    def start(self, states: dict[str, Any], given: Any = None) -> str:
        started = self.client.start_execution(
            stateMachineArn=self.create(states), input=json.dumps(given or {})
        )
        return str(started["executionArn"])

    def status(self, execution: str) -> str:
        return str(self.client.describe_execution(executionArn=execution)["status"])

    def outcome(self, execution: str) -> dict[str, Any]:
        wait_until(lambda: self.status(execution) != "RUNNING")
        found: dict[str, Any] = self.client.describe_execution(executionArn=execution)
        return found

    def run(self, states: dict[str, Any], given: Any = None) -> Any:
        found = self.outcome(self.start(states, given))
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])

    def history(self, execution: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.client.get_execution_history(executionArn=execution)[
            "events"
        ]
        return events


@pytest.fixture(scope="module")
def workflows() -> Iterator[Workflows]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create(SOURCE)
        functions.create(SOURCE, FunctionName="flaky")
        yield Workflows(functions)


def test_a_task_calls_a_function(workflows: Workflows) -> None:
    assert workflows.run({"A": TASK}, {"a": 1})["got"] == {"a": 1}
    invoke = {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": "f", "Payload.$": "$"},
        "End": True,
    }
    answer = workflows.run({"A": invoke}, {"b": 2})
    assert answer["Payload"]["got"] == {"b": 2}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")


def test_choice_parallel_and_map_lead_to_functions(workflows: Workflows) -> None:
    branch = {"StartAt": "B", "States": {"B": TASK}}
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.many", "IsPresent": True, "Next": "Many"}],
            "Default": "Both",
        },
        "Both": {"Type": "Parallel", "Branches": [branch, branch], "End": True},
        "Many": {
            "Type": "Map",
            "ItemsPath": "$.many",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **branch},
            "End": True,
        },
    }
    assert [r["got"] for r in workflows.run(states, {"a": 1})] == [{"a": 1}, {"a": 1}]
    many = [{"n": number} for number in range(5)]
    assert [r["got"] for r in workflows.run(states, {"many": many})] == many


def test_starting_does_not_wait(workflows: Workflows) -> None:
    began = time.monotonic()
    execution = workflows.start({"W": {"Type": "Wait", "Seconds": 86400, "End": True}})
    assert time.monotonic() - began < 60
    assert workflows.status(execution) == "RUNNING"
    workflows.client.stop_execution(executionArn=execution)
    assert workflows.outcome(execution)["status"] == "ABORTED"


def test_waits_are_lab_time(workflows: Workflows) -> None:
    began = time.monotonic()
    execution = workflows.start({"W": {"Type": "Wait", "Seconds": 60, "End": True}})
    found = workflows.outcome(execution)
    assert 0.9 < time.monotonic() - began < 30, "a minute is a second"
    assert (found["stopDate"] - found["startDate"]).total_seconds() >= 60


def test_the_clock_is_advanced_from_wait_to_wait(workflows: Workflows) -> None:
    def wait(seconds: int, **more: Any) -> dict[str, Any]:
        return {"Type": "Wait", "Seconds": seconds, **(more or {"End": True})}

    def waiting_branch(seconds: int) -> dict[str, Any]:
        return {"StartAt": "W", "States": {"W": wait(seconds, Next="T"), "T": TASK}}

    states = {
        "First": wait(3600, Next="Task"),
        "Task": {**TASK, "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Branches": [waiting_branch(3600), waiting_branch(7200)],
            "Next": "Many",
        },
        "Many": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                **waiting_branch(1800),
            },
            "End": True,
        },
    }
    del states["Task"]["End"]
    execution = workflows.start(states)
    workflows.lab.clock.advance(hours=4, minutes=1)
    found = workflows.outcome(execution)
    took = (found["stopDate"] - found["startDate"]).total_seconds()
    assert found["status"] == "SUCCEEDED"
    assert took == pytest.approx(3600 + 7200 + 2 * 1800, abs=120)


def test_a_failed_task_is_tried_again_in_lab_time(workflows: Workflows) -> None:
    retry = {
        "ErrorEquals": ["Unhappy"],
        "IntervalSeconds": 600,
        "BackoffRate": 2,
        "MaxAttempts": 3,
    }
    flaky = {**TASK, "Resource": ARN.replace(":function:f", ":function:flaky"), "Retry": [retry]}
    execution = workflows.start({"A": flaky}, {"flaky": True})
    workflows.lab.clock.advance(minutes=31)
    found = workflows.outcome(execution)
    assert json.loads(found["output"])["calls"] == 3
    assert (found["stopDate"] - found["startDate"]).total_seconds() >= 600 + 1200


def test_a_catcher_gets_the_error(workflows: Workflows) -> None:
    caught = {"ErrorEquals": ["States.TaskFailed"], "Next": "After", "ResultPath": "$.error"}
    states = {"A": {**TASK, "Catch": [caught]}, "After": {"Type": "Pass", "End": True}}
    error = workflows.run(states, {"fail": True})["error"]
    assert error["Error"] == "Unhappy"
    assert json.loads(error["Cause"])["errorMessage"] == "no"


def test_an_uncaught_error_fails_the_execution(workflows: Workflows) -> None:
    execution = workflows.start({"A": TASK}, {"fail": True})
    found = workflows.outcome(execution)
    assert (found["status"], found["error"]) == ("FAILED", "Unhappy")
    kinds = [event["type"] for event in workflows.history(execution)]
    assert kinds == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionFailed",
        "ExecutionFailed",
    ]


def test_history_has_lab_time(workflows: Workflows) -> None:
    execution = workflows.start({"W": {"Type": "Wait", "Seconds": 7200, "End": True}})
    workflows.lab.clock.advance(hours=2, minutes=1)
    workflows.outcome(execution)
    first, *_, last = workflows.history(execution)
    assert (last["timestamp"] - first["timestamp"]).total_seconds() >= 7200


def test_an_express_workflow_answers_at_once(workflows: Workflows) -> None:
    machine = workflows.create({"A": TASK}, type="EXPRESS")
    call = workflows.client.start_sync_execution
    answer = call(stateMachineArn=machine, input='{"x": 1}')
    assert answer["status"] == "SUCCEEDED"
    assert json.loads(answer["output"])["got"] == {"x": 1}
    assert answer["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    failed = call(stateMachineArn=machine, input='{"fail": true}')
    assert (failed["status"], failed["error"]) == ("FAILED", "Unhappy")
    standard = workflows.create({"A": TASK})
    assert refusal(call, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"
    assert refusal(call, stateMachineArn=machine, input="{")[0] == "InvalidExecutionInput"


def test_executions_without_a_name_are_different(workflows: Workflows) -> None:
    machine = workflows.create({"P": {"Type": "Pass", "End": True}})
    start = workflows.client.start_execution
    first, second = (start(stateMachineArn=machine)["executionArn"] for _ in range(2))
    assert first != second


def test_a_definition_that_cannot_be_read_is_refused(workflows: Workflows) -> None:
    assert refusal(workflows.create, states={"A": {"Type": "Nonsense"}})[0] == "InvalidDefinition"


def test_where_iam_is_enforced_the_role_needs_permission(workflows: Workflows) -> None:
    iam = boto3.client("iam")
    document = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}}
    trust = {"Version": "2012-10-17", "Statement": [{**document, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="states", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    machine = workflows.create({"A": TASK}, roleArn=role["Arn"])

    def run() -> dict[str, Any]:
        started = workflows.client.start_execution(stateMachineArn=machine)
        return workflows.outcome(started["executionArn"])

    workflows.lab.enforce_iam()
    try:
        denied = run()
        assert denied["status"] == "FAILED"
        assert "lambda:InvokeFunction" in denied["cause"]
        allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ARN}
        policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
        iam.put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=policy)
        assert run()["status"] == "SUCCEEDED"
    finally:
        workflows.lab.enforce_iam(False)
