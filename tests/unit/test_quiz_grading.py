"""Answers are judged as stated, and nothing a learner types raises."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from quizzes.grading import Grade
from quizzes.loading import Bank, load_bank
from quizzes.numbers import NotANumber, read_number
from tests.unit.sample_quiz import write_bank

NONSENSE = [
    None,
    "",
    "   ",
    "zz",
    "é",
    "🤷",
    "\x00",
    "\ud800",
    "<script>",
    "a" * 100_000,
    [],
    [None],
    [["a"]],
    {},
    {"a": 1},
    set(),
    object(),
    b"a",
    True,
    float("nan"),
    float("inf"),
    10**10_000,
    1 + 2j,
    "NaN",
    "1e999999999",
    "--3",
    "0x10",
    "1,2,3",
    "3 s s",
    "three",
]


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return load_bank(write_bank(tmp_path))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("b", "right"),
        (" B ", "right"),
        ("b)", "right"),
        (["b"], "right"),
        (("b",), "right"),
        ("a", "wrong"),
        (["c"], "wrong"),
        ("a, b", "not attempted"),
        ("d", "not attempted"),
        (1, "not attempted"),
        (None, "not attempted"),
        ("", "not attempted"),
    ],
)
def test_single_choice_has_one_right_letter(bank: Bank, answer: object, outcome: str) -> None:
    grade = bank["sample-single"].grade(answer)
    assert (grade.outcome, grade.score) == (outcome, 1.0 if outcome == "right" else 0.0)


@pytest.mark.parametrize(
    ("answer", "outcome", "score"),
    [
        ("a, c", "right", 1.0),
        ("ca", "right", 1.0),
        ({"a", "c"}, "right", 1.0),
        (["c", "a", "a"], "right", 1.0),
        ("a", "partly", 0.5),
        ("a, b, c", "partly", 0.5),
        ("b", "wrong", 0.0),
        ("a, b", "wrong", 0.0),
        ("abcd", "wrong", 0.0),
        ("bd", "wrong", 0.0),
        ([], "not attempted", 0.0),
        (["a", "z"], "not attempted", 0.0),
    ],
)
def test_wrong_choices_take_back_points_of_right_ones(
    bank: Bank, answer: object, outcome: str, score: float
) -> None:
    grade = bank["sample-multiple"].grade(answer)
    assert (grade.outcome, grade.score) == (outcome, score)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (3, "right"),
        (3.0, "right"),
        ("3", "right"),
        ("3.0", "right"),
        ("3 s", "right"),
        ("3 seconds", "right"),
        ("3000 ms", "right"),
        ("0.05 min", "right"),
        (Decimal(3), "right"),
        ("4", "wrong"),
        ("-3", "wrong"),
        ("3 min", "wrong"),
        ("1,024", "wrong"),
        ("900", "wrong"),
        ("3 MB", "not attempted"),
        ("abc", "not attempted"),
        ("3,5", "not attempted"),
        ("", "not attempted"),
        (None, "not attempted"),
        (True, "not attempted"),
        (Fraction(1, 3), "not attempted"),
    ],
)
def test_number_is_judged_by_value_and_unit(bank: Bank, answer: object, outcome: str) -> None:
    assert bank["sample-numeric"].grade(answer).outcome == outcome


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1,024", None, "1024"),
        ("1,048,576", None, "1048576"),
        ("10,240.5 MB", "MB", "10240.5"),
        ("10 GB", "MB", "10240"),
        ("6 MiB", "MB", "6"),
        ("$0.20", "USD", "0.20"),
        ("20 cents", "USD", "0.20"),
        ("USD", "USD", None),
        ("90 min", "h", "1.5"),
        ("-1e3", None, "-1000"),
        (".5", None, "0.5"),
        ("\u22125", None, "-5"),
        ("17%", "%", "17"),
        ("3 requests", "requests", "3"),
        ("1 request", "requests", "1"),
        ("3 s", None, None),
        ("1,02", None, None),
        ("1,0240", None, None),
        ("12 34", None, None),
    ],
)
def test_number_is_read_with_separators_and_units(
    text: str, unit: str | None, number: str | None
) -> None:
    if number is None:
        with pytest.raises(NotANumber, match=r"\.$"):
            read_number(text, unit)
    else:
        assert read_number(text, unit) == Decimal(number)


@pytest.mark.parametrize(
    ("tolerance", "accepted", "refused"),
    [("0", ["200"], ["200.1"]), ("5", ["195", "205"], ["194.9"]), ("5%", ["190", "210"], ["211"])],
)
def test_tolerance_is_absolute_or_a_share(
    tmp_path: Path, tolerance: str, accepted: list[str], refused: list[str]
) -> None:
    text = f"""
quiz: sum
lesson: 09
title: Sums
questions:
  - {{id: sum, kind: numeric, objective: one, prompt: How many?, answer: 200,
     tolerance: {tolerance}, reason: So., otherwise: Not so.}}
"""
    question = load_bank(write_bank(tmp_path, text, "09-sum.yml"))["sum"]
    assert {question.grade(answer).outcome for answer in accepted} == {"right"}
    assert {question.grade(answer).outcome for answer in refused} == {"wrong"}


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: repr(type(answer)))
def test_nonsense_is_not_attempted_and_told_in_a_sentence(bank: Bank, answer: object) -> None:
    for question in bank.values():
        grade = question.grade(answer)
        if question.id != "sample-numeric" and answer == "a" * 100_000:
            continue  # many times the letter a is the letter a
        assert grade.outcome == "not attempted"
        assert grade.score == 0
        assert grade.feedback.endswith((".", "!"))
        assert "REASON" not in grade.feedback


def test_only_the_chosen_options_reasons_are_told(bank: Bank) -> None:
    assert "REASON-A" in bank["sample-single"].grade("a").feedback
    assert "REASON-B" not in bank["sample-single"].grade("a").feedback
    partly = bank["sample-multiple"].grade("a").feedback
    assert "REASON-MA" in partly
    assert not any(reason in partly for reason in ("REASON-MB", "REASON-MC", "REASON-MD"))
    assert "REASON-N" not in bank["sample-numeric"].grade("4").feedback


def test_feedback_says_the_outcome_in_words(bank: Bank) -> None:
    assert bank["sample-single"].grade("b").feedback.startswith("**Right.**")
    assert bank["sample-single"].grade("a").feedback.startswith("**Not quite.**")
    assert bank["sample-multiple"].grade("a").feedback.startswith("**Partly right: 1 of 2**.")
    assert bank["sample-single"].grade("").feedback.startswith("Nothing chosen yet.")


def test_a_common_mistake_has_a_reason_of_its_own(bank: Bank) -> None:
    assert "MISTAKE-900" in bank["sample-numeric"].grade("900 s").feedback
    assert "OTHERWISE-N" in bank["sample-numeric"].grade("5").feedback


def test_a_grade_cannot_be_changed() -> None:
    grade = Grade("right", 1.0, "Right.")
    with pytest.raises(AttributeError):
        grade.score = 0.5  # type: ignore[misc]
