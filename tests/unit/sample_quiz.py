"""A small question bank: one question of each kind, with texts that tempt a renderer."""

from __future__ import annotations

from pathlib import Path

from quizzes.markup import to_html
from quizzes.model import Question

SAMPLE = """\
quiz: sample
lesson: 08
title: A <sample> & more
questions:

  - id: sample-single
    kind: single
    objective: one-thing
    prompt: |
      Which function is **stopped** after {fact}`timeout.default_s`?

      ```python
      print("<b>&amp;")
      ```
    options:
      a:
        text: The one that costs $1 and then $2
        reason: REASON-A is about *money*.
      b:
        text: <img src=x onerror=alert(1)> `x < y`
        right: true
        reason: REASON-B says it.
      c:
        text: "No"
        reason: REASON-C is another.

  - id: sample-multiple
    kind: multiple
    objective: one-thing
    prompt: Which hold?
    options:
      a: {text: first, right: true, reason: REASON-MA.}
      b: {text: second, reason: REASON-MB.}
      c: {text: third, right: true, reason: REASON-MC.}
      d: {text: fourth, reason: REASON-MD.}

  - id: sample-numeric
    kind: numeric
    objective: another-thing
    prompt: How long?
    answer_fact: timeout.default_s
    unit: s
    reason: REASON-N.
    otherwise: OTHERWISE-N.
    mistakes:
      - value: 900
        reason: MISTAKE-900.
"""


def write_bank(folder: Path, text: str = SAMPLE, name: str = "08-sample.yml") -> Path:
    """Write a bank of one file, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def secrets(question: Question) -> list[str]:
    """What nobody may know before it is due, as HTML: hints, reasons and the solution."""
    one = question.instance()
    texts = [one.solution(), *one.hints, *one._reasons()]
    return [to_html(text).removeprefix("<p>").removesuffix("</p>") for text in texts if text]
