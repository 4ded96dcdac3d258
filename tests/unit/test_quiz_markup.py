"""Texts with quotes, HTML and maths come out as text, wherever a question is shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from quizzes import markup, page, text
from quizzes.figures import Figure
from quizzes.kinds.base import _mapped
from quizzes.loading import Bank, load_bank
from quizzes.model import Question
from tests.unit.sample_kinds import INTERVIEW, KINDS
from tests.unit.sample_quiz import write_bank

NASTY = r"""<img src=x onerror=alert(1)> "a" & 'b' </code></pre> $x^2$ \\(y\\)"""
HARMLESS = {
    *("p", "strong", "em", "br", "blockquote", "code", "pre", "span", "ul", "ol", "li"),
    *("figure", "figcaption", "svg", "path", "text", "details", "summary"),
}
ATTRIBUTES = {
    *("class", "viewbox", "role", "aria-label", "fill", "stroke", "font-size", "style", "d"),
    *("x", "y", "opacity", "text-anchor", "stroke-width", "stroke-dasharray"),
}
TEXTS = {
    *("prompt", "hints", "exhibit", "options", "items", "pairs", "others", "reason", "otherwise"),
    *("code", "gaps", "accept", "start", "model", "points", "output"),
}


class Page(HTMLParser):
    """Collects what a browser would make of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in HARMLESS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        if tag not in {"br", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag("path" if tag == "path" else tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def pieces(question: Question) -> list[str]:
    """Every piece of HTML that a page or a notebook's output is given of a question."""
    one = question.instance()
    answers: list[Any] = [one.right_answer(), "a", "x", ["x", "y"], {"1": "b", "2": "b"}]
    html = [
        *html_in(one.shown()),
        markup.to_html(one.solution()),
        markup.to_html(one.body()),
        page.others(one),
    ]
    html += [markup.to_html(hint) for hint in one.hints]
    html += [markup.to_html(one.grade(answer).feedback) for answer in answers]
    return html


def html_in(shown: Any) -> list[str]:
    """The values of `shown` that a page takes for HTML."""
    if isinstance(shown, list):
        return [html for each in shown for html in html_in(each)]
    if not isinstance(shown, dict):
        return []
    own = [shown[name] for name in ("html", "lead", "rest", "exhibit") if name in shown]
    return own + [html for value in shown.values() for html in html_in(value)]


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = write_bank(tmp_path_factory.mktemp("bank"), KINDS, "09-kinds.yml")
    return load_bank(write_bank(folder, INTERVIEW, "interview.yml"))


def nasty(question: Question) -> Question:
    """The question with something nasty at the end of every text."""
    own = TEXTS & type(question).model_fields.keys()
    return question.model_copy(
        update={name: _mapped(getattr(question, name), lambda each: each + NASTY) for name in own}
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_text_of_a_question_becomes_part_of_a_page(bank: Bank, seed: int) -> None:
    for question in bank.values():
        for html in pieces(nasty(question).instance(seed)):
            told = Page(html).text
            assert "<img src=x" in told or NASTY[:4] not in html


def test_nasty_texts_are_there_to_be_read(bank: Bank) -> None:
    for question in bank.values():
        read = Page(markup.to_html(nasty(question).body())).text
        assert """<img src=x onerror=alert(1)> "a" & 'b' </code></pre> $x^2$""" in read


def test_quizzes_as_text_are_as_harmless(bank: Bank) -> None:
    quiz = bank.quizzes["kinds"]
    questions = tuple(nasty(question) for question in quiz.questions)
    whole = quiz.model_copy(update={"questions": questions, "title": f"All {NASTY}"})
    read = Page(text.as_html(whole)).text
    assert read.count("<img src=x onerror=alert(1)>") > 20
    assert "onerror=alert(1)" in text.plain(whole)


def test_formulas_of_maths_are_not_begun_in_jupyterlab(bank: Bank) -> None:
    html = markup.to_html(nasty(bank["kinds-text"]).solution())
    outside_code = re.sub(r"<code>.*?</code>", "", html)
    assert "$x" not in outside_code
    assert "<span>$</span>x^2<span>$</span>" in outside_code


def test_figures_escape_what_they_name() -> None:
    figure = Figure.model_validate(
        {"title": NASTY, "x": NASTY, "y": NASTY, "points": {NASTY: [["0", "0"], ["1", "-2"]]}}
    )
    read = Page(figure.html(NASTY)).text
    assert read.count("<img src=x") >= 4
    assert 'aria-label="&lt;img' in figure.html(NASTY)
