"""A bank file with a question of every kind, with parameters, hints, exhibits and mixed orders."""

from __future__ import annotations

KINDS = r"""
quiz: kinds
lesson: 09
title: All kinds
questions:

  - id: kinds-single
    kind: single
    objective: one-thing
    order: shuffled
    difficulty: 1
    hints: ["HINT-1 about {fact}`timeout.default_s`.", HINT-2., HINT-3.]
    exhibit:
      log: |
        START RequestId: 1 <b>not bold</b>
        END RequestId: 1
    prompt: Which one?
    options:
      a: {text: first, right: true, reason: REASON-A.}
      b: {text: second, reason: REASON-B.}
      c: {text: third, reason: REASON-C.}

  - id: kinds-cost
    kind: numeric
    objective: one-thing
    parameters:
      requests: {choose: ["1_000_000", "2_000_000", "3_000_000"]}
      memory_mb: {from: 128, to: 1024, step: 128}
    prompt: What do {given}`requests` requests with {given}`memory_mb` MB cost?
    formula: requests / 1_000_000 * memory_mb
    unit: USD
    tolerance: 1%
    reason: REASON-COST is {money}`requests / 1_000_000 * memory_mb`.
    otherwise: OTHERWISE-COST.
    mistakes:
      - formula: requests * memory_mb
        reason: MISTAKE-COST.

  - id: kinds-text
    kind: text
    objective: one-thing
    prompt: Which setting?
    accept: [ReservedConcurrentExecutions, reserved concurrency]
    reason: REASON-TEXT.
    otherwise: OTHERWISE-TEXT.
    mistakes:
      - {value: timeout, reason: MISTAKE-TEXT.}

  - id: kinds-ordering
    kind: ordering
    objective: one-thing
    prompt: In which order?
    items: [one, two, three, four]
    reason: REASON-ORDERING.
    otherwise: OTHERWISE-ORDERING.

  - id: kinds-matching
    kind: matching
    objective: one-thing
    prompt: What goes with what?
    pairs:
      - {left: S3, right: pushes, reason: REASON-M1.}
      - {left: SQS, right: is polled, reason: REASON-M2.}
      - {left: SNS, right: pushes, reason: REASON-M3.}
    others: [does neither]

  - id: kinds-gaps
    kind: gaps
    objective: one-thing
    language: yaml
    prompt: Fill in.
    code: |
      Type: ___1___
      Timeout: ___2___  # <i>
    gaps:
      1: {accept: ["AWS::Serverless::Function"], reason: REASON-G1., otherwise: OTHERWISE-G1.}
      2: {options: [3, 900, 1000], right: 900, reason: REASON-G2., otherwise: OTHERWISE-G2.}

  - id: kinds-typed
    kind: predict
    objective: one-thing
    parameters: {n: {from: 2, to: 9}}
    prompt: What does it print?
    code: |
      print("a")
      print({given}`n` * 2)
    output: |
      a
      {computed}`n * 2`
    reason: REASON-TYPED.
    otherwise: OTHERWISE-TYPED.
    mistakes:
      - {value: "a{given}`n`", reason: MISTAKE-TYPED.}

  - id: kinds-chosen
    kind: predict
    objective: one-thing
    prompt: What does it print?
    code: print("`1`", 2)
    options:
      a: {text: "`1` 2", right: true, reason: REASON-C1.}
      b: {text: "1 2", reason: REASON-C2.}
      c: {text: "1\n2", reason: REASON-C3.}

  - id: kinds-lab
    kind: lab
    objective: one-thing
    prompt: Make it so.
    check: first_function.till_answers
    start: |
      print("begin")
    reason: REASON-LAB.

exam:
  - id: kinds-exam
    kind: multiple
    objective: one-thing
    prompt: Which hold?
    exhibit:
      figure:
        title: More memory, less time
        x: memory (MB)
        y: duration (ms)
        points: {mean: [["128", "900"], ["256", "450"], ["512", "230"]]}
      alt: The duration halves with each doubling of memory.
    options:
      a: {text: first, right: true, reason: REASON-EA.}
      b: {text: second, reason: REASON-EB.}
"""
INTERVIEW = """
interview:
  - id: interview-cold
    kind: open
    objective: one-thing
    prompt: Tell me about cold starts.
    model: MODEL answer.
    points: [POINT-1, POINT-2]
    minutes: 2
"""
