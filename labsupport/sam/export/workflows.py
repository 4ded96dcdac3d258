"""State machines."""

from __future__ import annotations

import json
from typing import Any

from .draft import WORKFLOW, Draft


def find_machines(draft: Draft) -> list[dict[str, Any]]:
    """Give state machines their places, and return them."""
    client = draft.client("stepfunctions")
    found = []
    for each in draft.pages("stepfunctions", "list_state_machines", "stateMachines"):
        arn = each["stateMachineArn"]
        draft.place(arn, WORKFLOW, draft.logical(each["name"], "StateMachine"), "")
        found.append(client.describe_state_machine(stateMachineArn=arn))
    return found


def write_machines(draft: Draft, machines: list[dict[str, Any]]) -> None:
    """Write state machines."""
    for machine in machines:
        logical = draft.places[machine["stateMachineArn"]].short
        properties: dict[str, Any] = {"Name": machine["name"]}
        if machine.get("type", "STANDARD") != "STANDARD":
            properties["Type"] = machine["type"]
        properties["Role"] = draft.refer(machine["roleArn"], WORKFLOW)
        definition = json.loads(machine["definition"])
        properties["Definition"] = draft.refer(definition, WORKFLOW)
        draft.resources[logical] = {
            "Type": "AWS::Serverless::StateMachine",
            "Properties": properties,
        }
