"""What a target of an EventBridge rule gets: the event, a part of it, or a text made from it.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_PATH = re.compile(r"\$((\.[\w*-]+)|\[(\d+|\*)\]|\['[^']+'\])*")
_STEP = re.compile(r"\.([\w*-]+)|\[(\d+|\*)\]|\['([^']+)'\]")
_OF_THE_EVENT = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)


class InputError(ValueError):
    """Why a target's input can't be made, in EventBridge's words."""


@dataclass(frozen=True)
class Origin:
    """Where an event comes from: the rule that let it through, and when it came to its bus."""

    rule_arn: str
    rule_name: str
    ingestion_time: str


def check_input(target: Mapping[str, Any]) -> None:
    """Refuse a target whose input can't be made; raise InputError."""
    name = target["Id"]
    if sum(key in target for key in ("Input", "InputPath", "InputTransformer")) > 1:
        raise InputError(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        )
    if "Input" in target:
        _check_json(target["Input"], f"JSON syntax error in input for target {name} :")
    transformer = target.get("InputTransformer") or {}
    paths = transformer.get("InputPathsMap") or {}
    for path in [*paths.values(), *filter(None, [target.get("InputPath")])]:
        if not _PATH.fullmatch(path):
            raise InputError(f"Invalid InputPath for target {name}.")
    if "InputTransformer" in target:
        template = transformer.get("InputTemplate") or ""
        known = {*paths, *_OF_THE_EVENT}
        for placeholder in _PLACEHOLDER.findall(template):
            if placeholder not in known:
                raise InputError(
                    f"InputTemplate for target {name} contains invalid placeholder {placeholder}."
                )
        filled = _filled(template, dict.fromkeys(known, ""))
        lines = [filled] if _is_json(filled) else filled.splitlines() or [""]
        for line in lines:
            _check_json(line, f"Invalid InputTemplate for target {name} :")


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], origin: Origin) -> str:
    """The text that a target gets.

    Args:
        target: as PutTargets takes it.
    """
    if "Input" in target:
        return str(target["Input"])
    if path := target.get("InputPath"):
        return json.dumps(_at(event, path), separators=(",", ":"))
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event, separators=(",", ":"))
    paths: Mapping[str, str] = transformer.get("InputPathsMap") or {}
    found = {name: _at(event, path) for name, path in paths.items()}
    values = {name: "" if value is None else value for name, value in found.items()}
    names = {"detail-type": "detailType"}
    values |= {
        "aws.events.rule-arn": origin.rule_arn,
        "aws.events.rule-name": origin.rule_name,
        "aws.events.event.ingestion-time": origin.ingestion_time,
        "aws.events.event": {names.get(k, k): v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": dict(event),
    }
    return _filled(transformer["InputTemplate"], values)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """A template with its variables: within quotes as text, elsewhere as JSON."""
    parts, quoted, at = [], False, 0
    for found in _PLACEHOLDER.finditer(template):
        between = template[at : found.start()]
        quoted ^= len(re.findall(r'(?<!\\)"', between)) % 2 == 1
        parts.append(between)
        at = found.end()
        if found[1] not in values:
            parts.append(found[0])
            continue
        value = values[found[1]]
        text = json.dumps(value, separators=(",", ":"))
        if quoted:
            text = text[1:-1] if isinstance(value, str) else json.dumps(text)[1:-1]
        parts.append(text)
    return "".join(parts) + template[at:]


def _at(value: Any, path: str) -> Any:
    """What stands at a JSON path; None where there is nothing, a list for "*"."""
    steps = [name or index or quoted for name, index, quoted in _STEP.findall(path)]
    for position, step in enumerate(steps):
        if step == "*":
            members = list(value.values()) if isinstance(value, dict) else value
            rest = "$" + "".join(f"['{left}']" for left in steps[position + 1 :])
            found = [_at(member, rest) for member in members or ()]
            return [member for member in found if member is not None]
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return None
    return value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _check_json(text: str, complaint: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line: {error.lineno}, column: {error.colno}"
        raise InputError(f'{complaint} [Source: (String)"{text}"; {where}].') from None
