"""Reads formulas such as ``ceil(requests / 1000) * fact("price.requests")``, exactly and safely.

A formula is Python's notation for numbers, the names of a question's parameters, ``+ - * / // %``
and ``**``, the functions ceil, floor, min, max and round, and ``fact("id")`` or
``fact("id[part]")``; further arguments of ``fact`` name parts too. Nothing else is understood, and
nothing is ever run: the formula is read into a tree, and the tree is computed with fractions, so
that ``1 / 3 * 3`` is 1.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeAlias

Value: TypeAlias = Decimal | str
_LONGEST = 400
_HIGHEST_POWER = 64
_LARGEST = 10**30
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Fraction | int]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "min": min,
    "max": max,
    "round": lambda number, places=Fraction(0): Fraction(_rounded(number, int(places))),
}
_ARGUMENTS = {"ceil": (1, 1), "floor": (1, 1), "round": (1, 2), "min": (2, 9), "max": (2, 9)}


class FormulaError(ValueError):
    """Raised for a formula that cannot be computed; its text is one sentence."""


def compute(formula: str, given: Mapping[str, Value]) -> Decimal:
    """Compute `formula` over the parameters' values; raise `FormulaError` or `FactError`."""
    tree = _tree(formula)
    _check(tree, given, formula)
    try:
        number = _number(tree, given, formula)
    except ZeroDivisionError:
        raise FormulaError(f"The formula `{formula}` divides by nothing.") from None
    if abs(number) > _LARGEST:
        raise FormulaError(f"The formula `{formula}` gives too large a number.")
    with localcontext(prec=40):
        return Decimal(number.numerator) / Decimal(number.denominator)


def check(formula: str, names: Mapping[str, Value]) -> None:
    """Raise `FormulaError` if a formula is not well formed or uses a name that is not in `names`.

    Facts are not looked up.
    """
    _check(_tree(formula), names, formula)


def facts_in(formula: str) -> list[str]:
    """Find the ids of the facts that a formula uses."""
    return [_fact_name(call, formula).partition("[")[0] for call in _fact_calls(_tree(formula))]


def _tree(formula: str) -> ast.expr:
    if len(formula) > _LONGEST:
        raise FormulaError("A formula has at most 400 characters; split the question.")
    try:
        return ast.parse(formula.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"The formula `{formula}` is not well formed.") from None


def _check(node: ast.expr, names: Mapping[str, Value], formula: str) -> None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            if not value <= _LARGEST:
                raise FormulaError(f"The formula `{formula}` has too large a number in it.")
        case ast.Name(id=name):
            if name not in names:
                known = ", ".join(names) or "none"
                raise FormulaError(
                    f"The formula `{formula}` uses `{name}`; the parameters are: {known}."
                )
        case ast.BinOp(left=left, op=op, right=right) if type(op) in {*_OPERATORS, ast.Pow}:
            _check(left, names, formula)
            _check(right, names, formula)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, names, formula)
        case ast.Call(func=ast.Name(id="fact"), args=[_, *parts], keywords=[]):
            _fact_name(node, formula)
            for part in parts:
                _check_part(part, names, formula)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            fewest, most = _ARGUMENTS[name]
            if not fewest <= len(arguments) <= most:
                raise FormulaError(f"`{name}` in the formula `{formula}` lacks or has too much.")
            for argument in arguments:
                _check(argument, names, formula)
        case _:
            raise _strange(node, formula)


def _check_part(part: ast.expr, names: Mapping[str, Value], formula: str) -> None:
    if not (isinstance(part, ast.Name) or _text(part)):
        raise _strange(part, formula)
    if isinstance(part, ast.Name):
        _check(part, names, formula)


def _number(  # noqa: PLR0911
    node: ast.expr, given: Mapping[str, Value], formula: str
) -> Fraction:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            # As written: 0.1 is a tenth.
            return Fraction(str(node.value))
        case ast.Name(id=name) if name in given:
            return _parameter(name, given[name], formula)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_number(left, given, formula), _number(right, given, formula), formula)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            operands = _number(left, given, formula), _number(right, given, formula)
            return _OPERATORS[type(op)](*operands)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _number(operand, given, formula)
            return -number if isinstance(sign, ast.USub) else number
        case ast.Call(func=ast.Name(id="fact"), args=[_, *parts]):
            return Fraction(_fact(_fact_name(node, formula), parts, given))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            numbers = [_number(argument, given, formula) for argument in arguments]
            return Fraction(_FUNCTIONS[name](*numbers))
    raise _strange(node, formula)


def _parameter(name: str, value: Value, formula: str) -> Fraction:
    if isinstance(value, str):
        raise FormulaError(f"`{name}` in the formula `{formula}` is not a number.")
    return Fraction(value)


def _fact(name: str, parts: list[ast.expr], given: Mapping[str, Value]) -> Decimal:
    from quizzes.markup import fact_number

    further = [str(given[part.id]) if isinstance(part, ast.Name) else _text(part) for part in parts]
    return fact_number(name, *further)


def _power(base: Fraction, exponent: Fraction, formula: str) -> Fraction:
    size = max(abs(base.numerator), base.denominator)
    if exponent.denominator != 1 or abs(exponent) > _HIGHEST_POWER or size > _LARGEST:
        raise FormulaError(f"A power in `{formula}` is not whole or too large.")
    return Fraction(base**exponent.numerator)


def _rounded(number: Fraction, places: int) -> Fraction:
    """Round half up, as bills and schoolbooks do."""
    scale = Fraction(10) ** max(-30, min(30, places))
    return Fraction(math.floor(number * scale + Fraction(1, 2))) / scale


def _fact_calls(node: ast.AST) -> Iterator[ast.Call]:
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Name(id="fact")):
                yield each


def _fact_name(call: ast.Call, formula: str) -> str:
    name = _text(call.args[0]) if call.args else ""
    if not name:
        raise FormulaError(
            f'Name the fact in quotes in `{formula}`, such as fact("memory.max_mb").'
        )
    return name


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _strange(node: ast.expr, formula: str) -> FormulaError:
    return FormulaError(
        f"A formula knows numbers, parameters, + - * / // % **, {', '.join(_FUNCTIONS)} and fact; "
        f"`{formula}` has `{ast.unparse(node)}` in it."
    )
