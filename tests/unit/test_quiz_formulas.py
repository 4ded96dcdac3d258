"""Formulas are exact, know nothing but numbers, and say in a sentence what is wrong with them."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.facts import FactError
from quizzes.formulas import FormulaError, check, compute, facts_in
from quizzes.markup import fill, spell_money, spell_number

GIVEN = {"n": Decimal(7), "share": Decimal("0.1"), "arch": "arm64"}


@pytest.mark.parametrize(
    ("formula", "number"),
    [
        ("1 / 3 * 3", "1"),
        ("0.1 + 0.2", "0.3"),
        ("share * 3", "0.3"),
        ("n // 2 + n % 2", "4"),
        ("-n ** 2", "-49"),
        ("2 ** -1", "0.5"),
        ("ceil(n / 2)", "4"),
        ("floor(-n / 2)", "-4"),
        ("round(0.5)", "1"),
        ("round(2.345, 2)", "2.35"),
        ("min(n, 3, 5) + max(n, 3)", "10"),
        ("1_000_000 / n * n", "1000000"),
        ('fact("timeout.default_s") * 2', "6"),
        ('fact("async.retries[max]")', "2"),
        ('fact("async.retries", "max")', "2"),
    ],
)
def test_formula_is_computed_exactly(formula: str, number: str) -> None:
    check(formula, GIVEN)
    assert compute(formula, GIVEN) == Decimal(number)


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "n +",
        "m",
        "arch * 2",
        "1 / 0",
        "n % (n - 7)",
        "0 ** -1",
        "10 ** 65",
        "10 ** 40",
        "((1 / 9) ** 64) ** 64",
        "2 ** 0.5",
        "n if n else 1",
        "[1]",
        "'a'",
        "True",
        "1j",
        "1e400",
        "__import__('os')",
        "n.real",
        "ceil()",
        "min(1)",
        "ceil(1, x=2)",
        "fact(n)",
        "fact()",
        "fact('a.b', 1 + 1)",
        "(lambda: 1)()",
        "1;2",
        "((((" * 200,
        "1" * 5000,
        "\x00",
    ],
)
def test_what_is_no_formula_is_refused_in_a_sentence(formula: str) -> None:
    with pytest.raises(FormulaError, match=r"\.$") as caught:
        compute(formula, GIVEN)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="n0123456789.+-*/%()ceilmax, \"'_[]", max_size=30))
def test_whatever_is_written_gives_a_number_or_a_sentence(formula: str) -> None:
    with suppress(FormulaError, FactError):
        assert compute(formula, GIVEN).is_finite()


def test_unknown_names_are_found_without_computing() -> None:
    with pytest.raises(FormulaError, match="uses `m`; the parameters are: n, share, arch"):
        check("m * fact('no.such')", GIVEN)
    check("n * fact('no.such')", GIVEN)
    assert facts_in("fact('a.b[c]') + fact('d.e', arch)") == ["a.b", "d.e"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("1000000", "1,000,000"),
        ("1234.5", "1,234.5"),
        ("0.30", "0.3"),
        ("2.34567891", "2.3457"),
        ("0.00001666667", "0.00001667"),
        ("-12", "-12"),
        ("0", "0"),
        ("1e29", "100,000,000,000,000,000,000,000,000,000"),
    ],
)
def test_numbers_are_spelled_for_reading(number: str, words: str) -> None:
    assert spell_number(Decimal(number)) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("1234.5", "$1,234.50"),
        ("0.2", "$0.20"),
        ("0.0000002", "$0.0000002"),
        ("0.00001666667", "$0.00001667"),
        ("0", "$0.00"),
        ("-3", "-$3.00"),
    ],
)
def test_money_is_spelled_in_cents_or_what_matters_of_them(number: str, words: str) -> None:
    assert spell_money(Decimal(number)) == words


def test_texts_are_filled_with_parameters_and_formulas() -> None:
    text = "{given}`n` of {given}`arch`, {computed}`n * 1000`, {money}`n / 10`"
    assert fill(text, GIVEN) == "7 of arm64, 7,000, $0.70"
