"""DynamoDB's operations, those of its streams too, and their permissions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import moto_policies
from ..evaluation import Ask
from ..requests import Call

_PARTIQL = re.compile(
    r"\s*(?P<verb>SELECT|INSERT|UPDATE|DELETE|EXISTS\s*\(\s*SELECT)\b(?:.*?\b(?:FROM|INTO))?\s*"
    r'"?(?P<table>[A-Za-z0-9_.-]+)"?(?:\."?(?P<index>[A-Za-z0-9_.-]+)"?)?',
    re.IGNORECASE | re.DOTALL,
)
_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_BY_ARN = ("ResourceArn", "StreamArn", "BackupArn", "ExportArn", "ImportArn", "TableArn")


def asks(call: Call) -> list[Ask]:
    """What a call needs, for every table it is about."""
    action = f"dynamodb:{call.operation}"
    if found := _several(call, action):
        return found
    if iterator := call.text("ShardIterator"):
        return [Ask(action, iterator.partition("|")[0])]
    if call.operation == "ListStreams":
        table = call.text("TableName")
        return [Ask(action, _table(call, table) + "/stream/*" if table else "*")]
    if table := call.text("TableName", "SourceTableName", "TargetTableName"):
        return [_one(call, action, table)]
    return [Ask(action, call.text(*_BY_ARN) or call.arn("table/*"))]


def _several(call: Call, action: str) -> list[Ask]:
    """What a batch, a transaction or PartiQL needs."""
    items = call.parameters.get("RequestItems") or {}
    if call.operation == "BatchGetItem":
        return [_on(call, action, table, keys=r.get("Keys") or ()) for table, r in items.items()]
    if call.operation == "BatchWriteItem":
        return [_on(call, action, table, keys=_written(r)) for table, r in items.items()]
    if call.operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            _on(call, f"dynamodb:{_TRANSACTIONS[kind]}", part.get("TableName", ""), keys=_key(part))
            for entry in call.parameters.get("TransactItems") or ()
            for kind, part in entry.items()
            if kind in _TRANSACTIONS
        ]
    return [_partiql_ask(call, statement) for statement in _partiql(call)]


def _one(call: Call, action: str, table: str) -> Ask:
    """An action on a table, or on the index that a Query or Scan names."""
    index, arn = call.text("IndexName"), _table(call, table)
    ask = _on(call, action, table, keys=_key(call.parameters))
    context = dict(ask.context)
    if value := _queried(call, moto_policies.partition_key(arn, index)):
        context["dynamodb:leadingkeys"] = (value,)
    if select := call.text("Select"):
        context["dynamodb:select"] = select
    return Ask(action, f"{arn}/index/{index}" if index else arn, context)


def _on(call: Call, action: str, table: str, keys: Iterable[Mapping[str, Any]]) -> Ask:
    """An action on a table, with the partition keys of the items it is about."""
    arn = _table(call, table)
    name = moto_policies.partition_key(arn)
    leading = [str(next(iter(key[name].values()))) for key in keys if key.get(name)]
    context = {"dynamodb:leadingkeys": tuple(dict.fromkeys(leading))} if leading else {}
    return Ask(action, arn, context)


def _table(call: Call, table: str) -> str:
    return table if table.startswith("arn:") else call.arn(f"table/{table}")


def _key(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [found for name in ("Key", "Item") if (found := parameters.get(name))]


def _written(requests: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for request in requests:
        for kind in request.values():
            yield from _key(kind)


def _queried(call: Call, partition_key: str) -> str:
    """The partition key's value that a Query's condition asks for."""
    names = call.parameters.get("ExpressionAttributeNames") or {}
    for name, placeholder in re.findall(
        r"([#\w.-]+)\s*=\s*(:\w+)", call.text("KeyConditionExpression")
    ):
        if names.get(name, name) == partition_key:
            value = (call.parameters.get("ExpressionAttributeValues") or {}).get(placeholder)
            return str(next(iter(value.values()))) if value else ""
    return ""


def _partiql(call: Call) -> Iterator[str]:
    if statement := call.text("Statement"):
        yield statement
    for name in ("Statements", "TransactStatements"):
        for entry in call.parameters.get(name) or ():
            yield str(entry.get("Statement", ""))


def _partiql_ask(call: Call, text: str) -> Ask:
    found = _PARTIQL.match(text)
    if found is None:
        return Ask("dynamodb:PartiQLSelect")
    verb = found["verb"].split("(")[0].strip().capitalize().replace("Exists", "Select")
    resource = call.arn(f"table/{found['table']}")
    if found["index"] and verb == "Select":
        resource += f"/index/{found['index']}"
    return Ask(f"dynamodb:PartiQL{verb}", resource)
