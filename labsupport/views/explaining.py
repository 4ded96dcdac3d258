"""Explains what AWS gave back, by rules over AWS's own error types: `rules.yml` holds them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from labsupport.facts import lookup, spell
from labsupport.history import Invocation

from .log_text import read_log
from .reading import read
from .seen import Seen

RULES = Path(__file__).with_name("rules.yml")
_REQUEST = re.compile(r"^RequestId: [\w-]+ Error: ")
_SLOT = re.compile(r"\{([a-z0-9_.]+)\}")


@dataclass(frozen=True, repr=False)
class Explanation:
    """Two or three sentences on what happened.

    Args:
        rule: the id of the rule that fits, "" where none does.
        error: AWS's error type, code or condition.
        happened: what happened.
        cause: the usual cause, "" where there is none to name.
        look: where to look.
        lesson: the file name, without its ending, of the notebook that teaches it; "" for none.
    """

    rule: str
    error: str
    happened: str
    cause: str = ""
    look: str = ""
    lesson: str = ""

    @property
    def text(self) -> str:
        """The sentences in one line."""
        return " ".join(filter(None, [self.happened, self.cause, self.look]))

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.happened, self.cause, self.look, self._lesson()]))

    __repr__ = __str__

    def _lesson(self) -> str:
        number, _, name = self.lesson.partition("-")
        return f"Lesson {number}, {name.replace('-', ' ')}, teaches it." if number else ""

    def _repr_html_(self) -> str:
        sentences = [f"<strong>{html.escape(self.happened)}</strong>"]
        sentences += [html.escape(each) for each in (self.cause, self.look) if each]
        notebook = f"{self.lesson}.ipynb"
        lesson = html.escape(self._lesson())
        if lesson and Path(notebook).exists():
            lesson = f'<a href="{html.escape(notebook)}">{lesson}</a>'
        return f"<p>{'<br>'.join(filter(None, [*sentences, lesson]))}</p>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}


@dataclass(frozen=True)
class Rule:
    """One of `rules.yml`, where its members are explained; all patterns may be empty."""

    id: str
    happened: str
    kind: str = ""
    error: str = ""
    reason: str = ""
    message: str = ""
    stack: str = ""
    cause: str = ""
    look: str = ""
    lesson: str = ""

    def fits(self, seen: Seen) -> dict[str, str] | None:
        """The groups of its patterns, or None where it doesn't fit."""
        if self.kind not in ("", seen.kind) or self.reason not in ("", seen.reason):
            return None
        if self.error and not re.fullmatch(self.error, seen.error):
            return None
        if self.stack and not re.search(self.stack, seen.stack):
            return None
        found = re.search(self.message, seen.message, re.DOTALL)
        return {name: text or "" for name, text in found.groupdict().items()} if found else None


def explain(subject: Any, log_of: Callable[[Invocation], str] | None = None) -> Explanation:
    """What happened, where to look, the usual cause, and the lesson on it.

    Args:
        subject: an answer of `invoke`, an exception, an error payload, a message of a dead-letter
            queue or a destination, the text of a log, or a record of `lab.history`. A payload
            stays readable.
        log_of: gives the log of an invocation, which has the message that its record lacks.

    Raises:
        LabValueError: where there is nothing to explain.
    """
    seen = read(subject)
    if isinstance(subject, Invocation) and seen.kind == "failure" and log_of is not None:
        found = read_log(log_of(subject))
        if found is not None and found.error == seen.error:
            seen = replace(seen, message=found.message, stack=found.stack)
    for rule in rules():
        groups = rule.fits(seen)
        if groups is not None:
            words = _words(seen) | groups
            happened, cause, look = (
                _fill(each, words) for each in (rule.happened, rule.cause, rule.look)
            )
            return Explanation(rule.id, seen.error, happened, cause, look, rule.lesson)
    return _unknown(seen)


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order in which they are tried."""
    return tuple(Rule(**each) for each in yaml.safe_load(RULES.read_text(encoding="utf-8")))


def _words(seen: Seen) -> dict[str, str]:
    message = " ".join(_REQUEST.sub("", seen.message).split()).rstrip(".")
    return {
        "error": seen.error,
        "message": message,
        "message_plain": message or "AWS gives no reason",
        "message_after": f": {message}" if message else "",
        "operation": seen.operation or "the call",
        "place_colon": f"in {seen.place}, " if seen.place else "",
        **seen.details,
    }


def _fill(sentence: str, words: Mapping[str, str]) -> str:
    def filled(slot: re.Match[str]) -> str:
        name = slot[1]
        return spell(lookup(name)) if "." in name else words[name]

    text = _SLOT.sub(filled, sentence)
    begins = sentence.startswith("{place_colon}") or text.startswith("the call ")
    return text[:1].upper() + text[1:] if begins else text


def _unknown(seen: Seen) -> Explanation:
    what = seen.error or "an error without a name"
    said = seen.message.strip().rstrip(".")
    return Explanation(
        "",
        seen.error,
        f"This is {what}, of which the lab knows no more than AWS says"
        + (f": {said}." if said else ", and here AWS says nothing."),
        look="The log of the function, if it ran, has the rest; AWS documents its errors with each "
        "API action.",
    )
