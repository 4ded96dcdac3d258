"""Wrong YAML in a bank is named by file, line, question and what to write, for every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from quizzes import loading, quiz
from quizzes.loading import check_facts, load_bank
from quizzes.source import BankError
from tests.unit.sample_kinds import INTERVIEW, KINDS
from tests.unit.sample_quiz import SAMPLE, write_bank

PREFIX = "Question “kinds-{}”"

# What is wrong: a text in the sample, what stands there instead, what is on the line to be named,
# and the whole message, without the question it begins with.
MISTAKES = {
    "unknown kind": (
        "kind: ordering",
        "kind: sorting",
        "kind: sorting",
        "ordering: `kind` must be single, multiple, numeric, text, ordering, matching, gaps, "
        "predict or lab.",
    ),
    "open question in a checkpoint": (
        "kind: ordering",
        "kind: open",
        "kind: open",
        "ordering: `kind` must be single, multiple, numeric, text, ordering, matching, gaps, "
        "predict or lab.",
    ),
    "four hints": (
        "HINT-2., HINT-3.",
        "HINT-2., HINT-3., HINT-4.",
        "hints:",
        "single: `hints` has too many entries; at most 3 are read.",
    ),
    "difficulty in words": (
        "difficulty: 1",
        "difficulty: easy",
        "difficulty: easy",
        "single: `difficulty` must be a whole number.",
    ),
    "difficulty too high": (
        "difficulty: 1",
        "difficulty: 5",
        "difficulty: 5",
        "single: `difficulty` must be at most 3.",
    ),
    "unknown order": (
        "order: shuffled",
        "order: random",
        "order: random",
        "single: `order` must be 'fixed' or 'shuffled'.",
    ),
    "two exhibits": (
        "      log: |\n",
        "      code: x = 1\n      log: |\n",
        "exhibit:",
        "single: An exhibit is one of `log`, `code` and `figure`; give one.",
    ),
    "figure without words": (
        "      alt: The duration halves with each doubling of memory.\n",
        "",
        "exhibit:\n      figure",
        "exam: `alt` goes with `figure`: it says in words what the figure shows.",
    ),
    "figure of one point": (
        '["256", "450"], ["512", "230"]',
        "",
        "figure:",
        "exam: A line of a figure has two or more points, each written [x, y].",
    ),
    "point that is no number": (
        '["256", "450"]',
        '["256", many]',
        'points: {mean: [["128"',
        "exam: `mean` must be a number, such as 3 or 0.5.",
    ),
    "empty parameter": (
        '{choose: ["1_000_000", "2_000_000", "3_000_000"]}',
        "{}",
        "requests: {}",
        "cost, parameter requests: A parameter has `choose`, or `from` and `to`; add what is "
        "missing.",
    ),
    "parameter both ways": (
        "n: {from: 2, to: 9}",
        'n: {from: 2, to: 9, choose: ["1", "2"]}',
        "n: {from: 2",
        "typed, parameter n: A parameter has either `choose` or `from` and `to`; give one.",
    ),
    "parameter backwards": (
        "n: {from: 2, to: 9}",
        "n: {from: 9, to: 2}",
        "n: {from: 9",
        "typed, parameter n: A parameter goes from a smaller number up to a larger, by steps.",
    ),
    "parameter misnamed in a text": (
        "What do {given}`requests`",
        "What do {given}`request`",
        "- id: kinds-cost",
        "cost: {given}`request` names no parameter; the parameters are: requests, memory_mb.",
    ),
    "parameter misnamed in a formula": (
        "formula: requests / 1_000_000",
        "formula: calls / 1_000_000",
        "- id: kinds-cost",
        "cost: The formula `calls / 1_000_000 * memory_mb` uses `calls`; the parameters are: "
        "requests, memory_mb.",
    ),
    "formula that breaks off": (
        "formula: requests / 1_000_000 * memory_mb\n",
        "formula: requests / 1_000_000 *\n",
        "- id: kinds-cost",
        "cost: The formula `requests / 1_000_000 *` is not well formed.",
    ),
    "formula that would run code": (
        "formula: requests * memory_mb\n",
        "formula: open(requests)\n",
        "- id: kinds-cost",
        "cost: A formula knows numbers, parameters, + - * / // % **, ceil, floor, min, max, round "
        "and fact; `open(requests)` has `open(requests)` in it.",
    ),
    "mistake without a number": (
        "      - formula: requests * memory_mb\n        reason",
        "      - reason",
        "- reason: MISTAKE-COST",
        "cost, mistake 1: A mistake has either `value` or `formula`; give one.",
    ),
    "nothing accepted": (
        "accept: [ReservedConcurrentExecutions, reserved concurrency]",
        "accept: []",
        "accept: []",
        "text: `accept` is empty; add at least one.",
    ),
    "mistake that is accepted": (
        "{value: timeout,",
        "{value: Reserved Concurrency,",
        "- id: kinds-text",
        "text: “Reserved Concurrency” is listed as a mistake but would be right.",
    ),
    "two items in an ordering": (
        "items: [one, two, three, four]",
        "items: [one, two]",
        "items:",
        "ordering: `items` needs at least 3 entries.",
    ),
    "the same item twice": (
        "items: [one, two, three, four]",
        "items: [one, two, three, one]",
        "items:",
        "ordering: Two items say the same; change one of them.",
    ),
    "the same left twice": (
        "{left: SNS,",
        "{left: S3,",
        "- id: kinds-matching",
        "matching: Two pairs have the same `left`; change one of them.",
    ),
    "another right that has a pair": (
        "others: [does neither]",
        "others: [pushes]",
        "- id: kinds-matching",
        "matching: One of `others` stands here twice or goes with a pair; remove it.",
    ),
    "pair without a reason": (
        "right: is polled, reason: REASON-M2.}",
        "right: is polled}",
        "- {left: SQS",
        "matching, pair 2: `reason` is missing; add it (bank/README.md shows every field).",
    ),
    "gap that is not in the code": (
        "Timeout: ___2___",
        "Timeout: ___",
        "- id: kinds-gaps",
        "gaps: `gaps` must be numbered from 1 in order, and `code` must have ___1___ for gap 1 "
        "and so on, each gap of the one in the other.",
    ),
    "gap whose right is no option": (
        "right: 900,",
        "right: 600,",
        "2: {options",
        "gaps, gap 2: `right` of a gap must be one of its `options`.",
    ),
    "gap both ways": (
        '1: {accept: ["AWS::Serverless::Function"],',
        "1: {accept: [x], options: [x, y],",
        "1: {accept",
        "gaps, gap 1: A gap has either `accept` or `options`; give one.",
    ),
    "output without a reason": (
        "    reason: REASON-TYPED.\n",
        "",
        "- id: kinds-typed",
        "typed: A predict question has `output`, `reason` and `otherwise`, or `options`; add what "
        "is missing.",
    ),
    "output beside options": (
        'code: print("`1`", 2)\n',
        'code: print("`1`", 2)\n    output: x\n',
        "- id: kinds-chosen",
        "chosen: A predict question with `options` has no `output`, `reason`, `otherwise` or "
        "`mistakes`: each option has its own reason.",
    ),
    "another language": (
        'code: print("`1`", 2)\n',
        'code: print("`1`", 2)\n    language: go\n',
        "language: go",
        "chosen: `language` must be 'python'.",
    ),
    "no such check": (
        "check: first_function.till_answers",
        "check: first_function.nothing",
        "check: first",
        "lab: quizzes/lab_checks has no first_function.nothing; write it or mend the name.",
    ),
    "check that is a path": (
        "check: first_function.till_answers",
        "check: first_function/till_answers.py",
        "check: first",
        "lab: `check` must be a module and a function of it, such as first_function.till_answers.",
    ),
    "id without the quiz's name": (
        "id: kinds-lab",
        "id: lab-kinds",
        "id: lab-kinds",
        "The id “lab-kinds” must begin with “kinds”, the name of its file.",
    ),
    "id in checkpoint and exam": (
        "id: kinds-exam",
        "id: kinds-lab",
        "id: kinds-lab\n    kind: multiple",
        "The id “kinds-lab” is taken by 09-kinds.yml, line {}; every question needs an id of its "
        "own.",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence_where_it_stands(tmp_path: Path, mistake: str) -> None:
    before, after, where, message = MISTAKES[mistake]
    assert KINDS.count(before) == 1
    text = KINDS.replace(before, after)
    line = text[: text.index(where)].count("\n") + 1
    with pytest.raises(BankError) as caught:
        load_bank(write_bank(tmp_path, text, "09-kinds.yml"))
    (problem, *others) = caught.value.problems
    assert not others
    name, separator, rest = message.partition(": ")
    if separator and not message.startswith("The id"):
        question, *part = name.split(", ")
        message = f"{', '.join([PREFIX.format(question), *part])}: {rest}"
    first = text[: text.find("id: kinds-lab")].count("\n") + 1
    assert problem.message == message.replace("line {}", f"line {first}")
    assert (problem.line, problem.path.name) == (line, "09-kinds.yml")


def test_a_number_that_some_seed_cannot_have_is_named(tmp_path: Path) -> None:
    text = KINDS.replace("formula: requests * memory_mb\n", "formula: 1 / (memory_mb - 128)\n")
    folder = write_bank(tmp_path, text, "09-kinds.yml")
    load_bank(folder)
    with pytest.raises(BankError, match=r"“kinds-cost”: The formula `1 / \(.*` divides by nothing"):
        check_facts(folder)


def test_an_interview_holds_open_questions_only(tmp_path: Path) -> None:
    wrong = INTERVIEW.replace("kind: open", "kind: single")
    with pytest.raises(BankError, match=r"interview.yml, line 4: .*`kind` must be 'open'"):
        load_bank(write_bank(tmp_path, wrong, "interview.yml"))
    with pytest.raises(BankError, match=r"Name this file interview\.yml"):
        load_bank(write_bank(tmp_path / "other", INTERVIEW, "09-kinds.yml"))


def test_a_file_without_questions_is_told_what_it_lacks(tmp_path: Path) -> None:
    text = KINDS[: KINDS.index("questions:")]
    with pytest.raises(BankError, match="has `questions`, or `exam` while its lesson is planned"):
        load_bank(write_bank(tmp_path, text, "09-kinds.yml"))


# A bank that is edited while a kernel runs


def test_a_bank_broken_under_a_running_kernel_leaves_the_shown_quiz_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    monkeypatch.setattr(quiz, "_open", {})
    bank = write_bank(tmp_path / "bank")
    monkeypatch.setattr(quiz, "load_quiz", lambda name: loading.load_quiz(name, bank))
    shown = quiz.checkpoint("sample")
    shown.answer(1, "b")
    write_bank(bank, SAMPLE.replace("kind: single", "kind: singel"))
    with pytest.raises(BankError) as caught:
        quiz.checkpoint("sample")
    assert [line for line in caught.value._render_traceback_() if "must be single" in line]
    assert shown.answer(2, "a, c").outcome == "right"
    write_bank(bank, SAMPLE)
    assert quiz.checkpoint("sample") is shown
    assert len(shown.answered) == 2
