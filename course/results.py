"""What a checked exercise shows: plain text and HTML, no widget and no script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    NOT_YET = "not yet"
    NOT_ATTEMPTED = "not attempted"
    RAISED = "your code raised"


_EDGES = {
    Outcome.PASSED: "var(--jp-success-color1,#2e7d32)",
    Outcome.NOT_YET: "var(--jp-warn-color1,#ef6c00)",
    Outcome.NOT_ATTEMPTED: "var(--jp-border-color1,#9e9e9e)",
    Outcome.RAISED: "var(--jp-error-color1,#c62828)",
}
_BOX = "border-left:4px solid {};padding:.25em .75em;margin:.25em 0"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and whether it holds."""

    holds: bool
    text: str

    @property
    def word(self) -> str:
        """Whether it holds, in words."""
        return "yes" if self.holds else "not yet"


@dataclass(frozen=True)
class Note:
    """A hint or a remark: a title and a sentence."""

    title: str
    text: str

    def __repr__(self) -> str:
        return f"{self.title}: {self.text}"

    def _repr_html_(self) -> str:
        return _box(Outcome.NOT_ATTEMPTED, self.title, f"<p>{inline(self.text)}</p>")


@dataclass(frozen=True)
class Solution:
    """One solution of an exercise, as code."""

    name: str
    code: str

    def __repr__(self) -> str:
        return f"One solution of {self.name}:\n\n{self.code}"

    def _repr_html_(self) -> str:
        body = f"<pre><code>{escape(self.code)}</code></pre>"
        return _box(Outcome.NOT_ATTEMPTED, f"One solution of {self.name}", body)


@dataclass(frozen=True)
class Result:
    """The outcome of one check, with everything that was checked.

    `hint()` shows the next hint, `hint(2)` the second, `solution()` one solution.
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    remark: str = ""
    printed: str = ""
    hints: int = 0
    _hint: Callable[[int | None], Note] = field(kw_only=True, repr=False, compare=False)
    _solution: Callable[[], Solution] = field(kw_only=True, repr=False, compare=False)

    def hint(self, number: int | None = None) -> Note:
        """The next hint of this exercise, or the one with this number, from 1."""
        return self._hint(number)

    def solution(self) -> Solution:
        """One solution of this exercise."""
        return self._solution()

    def _title(self) -> str:
        return f"{self.outcome.value.capitalize()}: {self.name}"

    def _way_on(self) -> str:
        if self.outcome is Outcome.PASSED:
            return ""
        hint = {0: "", 1: "`.hint()` to the check for a hint, or "}.get(
            self.hints, f"`.hint()` to the check for one of {self.hints} hints, or "
        )
        return f"Stuck? Add {hint}`.solution()` for one solution."

    def __repr__(self) -> str:
        lines = [self._title()]
        lines += [f"  {finding.word:<7}  {finding.text}" for finding in self.findings]
        lines += [f"  {self.remark}"] if self.remark else []
        if self.printed:
            lines += ["  Your code printed:"]
            lines += [f"  | {line}" for line in self.printed.splitlines()]
        lines += [f"  {self._way_on()}"] if self._way_on() else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        findings = "".join(
            f"<li><strong>{finding.word}</strong> · {inline(finding.text)}</li>"
            for finding in self.findings
        )
        body = f"<ul>{findings}</ul>" if findings else ""
        body += f"<p>{inline(self.remark)}</p>" if self.remark else ""
        if self.printed:
            body += f"<p>Your code printed:</p><pre>{escape(self.printed)}</pre>"
        body += f"<p>{inline(self._way_on())}</p>" if self._way_on() else ""
        return _box(self.outcome, self._title(), body)


def inline(text: str) -> str:
    """Text with `code` in backticks as HTML."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _box(outcome: Outcome, title: str, body: str) -> str:
    return (
        f'<div role="group" aria-label="{escape(title)}" style="{_BOX.format(_EDGES[outcome])}">'
        f"<p><strong>{escape(title)}</strong></p>{body}</div>"
    )
