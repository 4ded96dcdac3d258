"""Markdown of questions: facts filled in, then safe HTML or plain text.

``{fact}`timeout.default_s``` becomes "3 seconds", ``{value}`timeout.default_s``` becomes "3", and
``{reported}`id``` is the form for facts of low confidence, which the other two refuse. In a
question with parameters ``{given}`name``` becomes the value drawn for a parameter,
``{computed}`formula``` a number computed from it (see `quizzes.formulas`), and ``{money}`formula```
such a number in dollars.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from quizzes.formulas import Value, compute

if TYPE_CHECKING:
    from labsupport.facts import Fact

_COMPUTED = re.compile(r"\{(given|computed|money)\}`([^`]+)`")
_ROLE = re.compile(r"\{(fact|value|reported)\}`([^`\[\]]+)((?:\[\w+\])*)`")


@dataclass(frozen=True, slots=True)
class Role:
    """One use of a fact in a text: its form, the fact's id, and the part of it that is meant."""

    form: str
    id: str
    part: tuple[str, ...]


def roles(text: str) -> list[Role]:
    """Find the facts that `text` uses."""
    return [_role(match) for match in _ROLE.finditer(text)]


def expressions(text: str) -> list[tuple[str, str]]:
    """Find the parameters and formulas that `text` uses, each with the form it is used in."""
    return [(match[1], match[2]) for match in _COMPUTED.finditer(text)]


def fill(text: str, given: Mapping[str, Value] = MappingProxyType({})) -> str:
    """Put the facts and the `given` values of parameters into `text`.

    Raises `labsupport.facts.FactError` for a fact and `quizzes.formulas.FormulaError` for a formula
    that cannot be used.
    """
    if "}`" not in text:
        return text
    text = _COMPUTED.sub(lambda match: _computed(match[1], match[2], given), text)
    return _ROLE.sub(lambda match: _spelled(_role(match)), text)


def spell_number(number: Decimal) -> str:
    """Write a number for reading: thousands separated, at most four decimals that matter."""
    return _digits(number, 0)


def spell_money(dollars: Decimal) -> str:
    """Write an amount: cents from a dollar on, below it at most four decimals that matter."""
    sign = "-" if dollars < 0 else ""
    if abs(dollars) < 1:
        return f"{sign}${_digits(abs(dollars), 2)}"
    with localcontext(prec=60):
        return f"{sign}${abs(dollars).quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"


def _digits(number: Decimal, fewest: int) -> str:
    leading = -number.adjusted() - 1 if number and abs(number) < 1 else 0
    with localcontext(prec=60):
        rounded = number.quantize(Decimal(1).scaleb(-(leading + 4)), ROUND_HALF_UP)
    whole, _, decimals = f"{rounded:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(fewest, "0")
    return f"{whole}.{decimals}" if decimals else whole


def fact_number(name: str, *parts: str) -> Decimal:
    """Give the number a fact (``id`` or ``id[part]``) holds; raise `FactError` if it holds none."""
    from labsupport.facts import FactError

    found = _fact(name).part(*parts)
    if isinstance(found.value, bool) or not isinstance(found.value, int | Decimal):
        raise FactError(f"{name} holds no number, so it cannot be the answer.")
    return Decimal(found.value)


class Words(str):
    """Markdown that shows itself as HTML in a notebook, as plain text in a terminal."""

    def _repr_html_(self) -> str:
        return to_html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(to_text(self))


def to_html(text: str) -> str:
    """Render filled Markdown as HTML that is safe to show: tags in it come out as text."""
    return str(_markdown()(text)).strip()


def to_inline_html(text: str) -> str:
    """Render Markdown as HTML, without the paragraph around it if it is a single one."""
    rendered = to_html(text)
    inner = rendered.removeprefix("<p>").removesuffix("</p>")
    return inner if rendered.startswith("<p>") and "<p>" not in inner else rendered


def to_text(text: str) -> str:
    """Render filled Markdown for a terminal: emphasis is dropped, code keeps its backticks."""
    pieces = re.split(r"(```.*?```|`[^`]+`)", text, flags=re.DOTALL)
    pieces[::2] = [_without_emphasis(piece) for piece in pieces[::2]]
    return "".join(pieces).strip()


def _without_emphasis(text: str) -> str:
    text = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r"\1 (\2)", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"\1", text)
    return re.sub(r"\\([\\`*_\[\]<>&#~|!$])", r"\1", text)


def _computed(form: str, formula: str, given: Mapping[str, Value]) -> str:
    if form == "given" and formula in given and isinstance(given[formula], str):
        return str(given[formula])
    number = compute(formula, given)
    return spell_money(number) if form == "money" else spell_number(number)


def _role(match: re.Match[str]) -> Role:
    form, fact_id, part = match.groups()
    return Role(form, fact_id, tuple(re.findall(r"\w+", part)))


def _fact(name: str) -> Fact:
    from labsupport.facts import fact

    fact_id, _, part = name.partition("[")
    return fact(fact_id).part(*re.findall(r"\w+", part))


def _spelled(role: Role) -> str:
    from labsupport.facts import FactError, fact, spell, spell_value

    found = fact(role.id).part(*role.part)
    if found.confidence == "low" and role.form != "reported":
        raise FactError(
            f"{role.id} has low confidence: hedge the sentence and write {{reported}}`{role.id}`."
        )
    return spell_value(found) if role.form == "value" else spell(found)


def code_block(code: str, language: str = "") -> str:
    """Write Markdown that shows `code` as it is."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def code_span(code: str) -> str:
    """Write Markdown that shows one line of `code` as it is, within a sentence."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    ticks, room = "`" * (longest + 1), " " if "`" in code else ""
    return f"{ticks}{room}{code}{room}{ticks}"


@cache
def _markdown() -> Callable[[str], Any]:
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def text(self, text: str) -> str:
            # A lone "$" or "\" in an element of its own cannot begin a formula in JupyterLab.
            return re.sub(r"([$\\])", r"<span>\1</span>", super().text(text))

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            # No heading tags: JupyterLab would list them in the notebook's table of contents.
            return f"<p><strong>{text}</strong></p>\n"

        def link(self, text: str, url: str, title: str | None = None) -> str:
            address = html.escape(self.safe_url(url))
            return f'<a href="{address}" target="_blank" rel="noopener">{text}</a>'

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return html.escape(text)

    return mistune.create_markdown(escape=True, renderer=Renderer(escape=True))
