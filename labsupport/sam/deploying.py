"""What `lab.deploy_sam` does and shows."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from labsupport.tables import html_table

from .stacks import Stack, deploy
from .templates import read_template


@dataclass(frozen=True, repr=False)
class Deployed:
    """A template as it now stands in the lab.

    Args:
        stack: its name, which stands before the names of resources that have none of their own.
        resources: logical id, type, physical id and what became of it, in the order of making.
        outputs: the template's Outputs.
        removed: logical ids of an earlier deploy that are gone.
    """

    stack: str
    resources: tuple[tuple[str, str, str, str], ...]
    outputs: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [self._headline()]
        width = max((len(row[0]) for row in self.resources), default=0)
        kind = max((len(row[1]) for row in self.resources), default=0)
        lines += [f"  {r[3]:<9}  {r[0]:<{width}}  {r[1]:<{kind}}  {r[2]}" for r in self.resources]
        lines += [f"  removed    {logical}" for logical in self.removed]
        if self.outputs:
            lines += ["Outputs:", *(f"  {name} = {text}" for name, text in self.outputs.items())]
        return "\n".join(lines)

    __repr__ = __str__

    def _headline(self) -> str:
        changed = sum(row[3] != "unchanged" for row in self.resources) + len(self.removed)
        count = len(self.resources)
        return f"Stack {self.stack}: {count} resources, {changed} of them changed by this deploy."

    def _repr_html_(self) -> str:
        rows = [(row[3], *row[:3]) for row in self.resources]
        rows += [("removed", logical, "", "") for logical in self.removed]
        parts = [
            f"<p><strong>{html.escape(self._headline())}</strong></p>",
            html_table(("what became of it", "logical id", "type", "physical id"), rows),
        ]
        if self.outputs:
            parts.append(html_table(("output", "value"), list(self.outputs.items())))
        return "".join(parts)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


def deploy_template(
    template: str | PathLike[str],
    parameters: Mapping[str, Any],
    stack_name: str | None,
    region: str,
    stacks: dict[str, Stack],
) -> Deployed:
    """Deploy a template, as `Lab.deploy_sam` says; `stacks` are those deployed before, by name."""
    read = read_template(template)
    read.name = stack_name or read.name
    stack = stacks.setdefault(read.name, Stack(read.name))
    deploy(read, parameters, region, stack)
    changes = stack.changes
    return Deployed(
        stack.name,
        tuple(
            (logical, each.type, each.made.ref, changes.get(logical, "unchanged"))
            for logical, each in stack.resources.items()
        ),
        stack.outputs,
        tuple(name for name, change in changes.items() if change == "removed"),
    )
