"""Questions as Moodle XML, which Moodle's question bank imports.

The elements are those of https://docs.moodle.org/en/Moodle_XML_format and of the ordering type,
which is part of Moodle from 4.4. Lab questions, and outputs of several lines that are to be typed,
have no form there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import Any
from xml.etree import ElementTree as ET

from quizzes import markup
from quizzes.interchange import Unfit, Written
from quizzes.interchange.variants import variants
from quizzes.kinds.choice import Option
from quizzes.model import (
    Gaps,
    Matching,
    Multiple,
    Numeric,
    Open,
    Ordering,
    Predict,
    Question,
    Quiz,
    Single,
    Text,
)

ELSE = "*"
"""The answer that stands for any other one."""
ANSWERED_ALIKE = ("single", "multiple", "numeric", "text", "predict")
"""Kinds whose instruction holds in Moodle too."""


def export(quizzes: Iterable[Quiz], interview: Iterable[Question] = ()) -> Written:
    """Write the questions of quizzes, and of the interview, a category each."""
    root = ET.Element("quiz")
    written, left_out = 0, []
    groups = [(f"{quiz.lesson} {quiz.title}", quiz.every()) for quiz in quizzes]
    for name, questions in [*groups, ("Interview", tuple(interview))]:
        if not questions:
            continue
        category = ET.SubElement(root, "question", type="category")
        _text(category, "category", f"$course$/top/Cold Start/{name.replace('/', '//')}")
        for named, question in variants(questions):
            try:
                root.append(_question(named, question))
                written += 1
            except Unfit as error:
                left_out.append((named, str(error)))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode", xml_declaration=False)
    return Written(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', written, tuple(left_out))


def _question(name: str, question: Question) -> ET.Element:
    form = _FORMS.get(type(question))
    if form is None:
        raise Unfit(f"Moodle has no {question.kind} questions")
    made = ET.Element("question")
    _text(made, "name", name)
    how = f"\n\n*{question.instruction()}*" if question.kind in ANSWERED_ALIKE else ""
    asked = _html(made, "questiontext", question.body() + how)
    _html(made, "generalfeedback", "")
    _plain(made, "defaultgrade", "1")
    _plain(made, "penalty", "0.3333333")
    _plain(made, "hidden", "0")
    _plain(made, "idnumber", name)
    made.set("type", form(made, question, asked))
    for hint in question.hints:
        _html(made, "hint", hint)
    tags = ET.SubElement(made, "tags")
    _text(tags, "tag", question.objective)
    _text(tags, "tag", f"difficulty {question.difficulty}")
    return made


def _single(made: ET.Element, question: Single, asked: ET.Element) -> str:
    return _choice(made, question.options, question.order, {True: "100", False: "0"}, single=True)


def _multiple(made: ET.Element, question: Multiple, asked: ET.Element) -> str:
    share = f"{100 / sum(option.right for option in question.options.values()):.7g}"
    worth = {True: share, False: f"-{share}"}
    return _choice(made, question.options, question.order, worth, single=False)


def _predict(made: ET.Element, question: Predict, asked: ET.Element) -> str:
    if question.options is not None:
        options = {
            letter: each.model_copy(update={"text": text})
            for (letter, text), each in zip(question.rows(), question.options.values(), strict=True)
        }
        return _choice(made, options, question.order, {True: "100", False: "0"}, single=True)
    output = question.right_answer()
    if "\n" in output:
        raise Unfit("Moodle's short answers have one line")
    _plain(made, "usecase", "1")
    _answer(made, _literal(output), "100", question.reason or "")
    for mistake in question.mistakes:
        if "\n" not in mistake.value.strip():
            _answer(made, _literal(mistake.value.strip()), "0", mistake.reason)
    _answer(made, ELSE, "0", question.otherwise or "")
    return "shortanswer"


def _choice(
    made: ET.Element,
    options: dict[str, Option],
    order: str,
    worth: dict[bool, str],
    *,
    single: bool,
) -> str:
    _plain(made, "single", "true" if single else "false")
    _plain(made, "shuffleanswers", "true" if order == "shuffled" else "false")
    _plain(made, "answernumbering", "abc")
    for option in options.values():
        answer = ET.SubElement(made, "answer", fraction=worth[option.right], format="html")
        _plain(answer, "text", markup.to_html(option.text))
        _html(answer, "feedback", option.reason)
    return "multichoice"


def _numeric(made: ET.Element, question: Numeric, asked: ET.Element) -> str:
    margin = question.margin()
    _answer(made, f"{question.value():f}", "100", question.reason, f"{margin:f}")
    for mistake in question.mistakes:
        if mistake.value is not None and not question.accepts(mistake.value):
            _answer(made, f"{mistake.value:f}", "0", mistake.reason, "0")
    _answer(made, ELSE, "0", question.otherwise, "0")
    return "numerical"


def _short(made: ET.Element, question: Text, asked: ET.Element) -> str:
    _plain(made, "usecase", "1" if question.case == "exact" else "0")
    for form in question.accept:
        _answer(made, _literal(form), "100", question.reason)
    for mistake in question.mistakes:
        _answer(made, _literal(mistake.value), "0", mistake.reason)
    _answer(made, ELSE, "0", question.otherwise)
    return "shortanswer"


def _ordering(made: ET.Element, question: Ordering, asked: ET.Element) -> str:
    _plain(made, "layouttype", "VERTICAL")
    _plain(made, "selecttype", "ALL")
    _plain(made, "selectcount", "0")
    _plain(made, "gradingtype", "LONGEST_ORDERED_SUBSET")
    _plain(made, "showgrading", "HIDE")
    _plain(made, "numberingstyle", "none")
    _plain(made, "shownumcorrect", "1")
    _html(made, "correctfeedback", question.reason)
    _html(made, "partiallycorrectfeedback", question.otherwise)
    _html(made, "incorrectfeedback", question.otherwise)
    for place, item in enumerate(question.items, 1):
        answer = ET.SubElement(made, "answer", fraction=str(place), format="html")
        _plain(answer, "text", markup.to_html(item))
    return "ordering"


def _matching(made: ET.Element, question: Matching, asked: ET.Element) -> str:
    _plain(made, "shuffleanswers", "true")
    reasons = "\n".join(f"- {pair.left}: {pair.reason}" for pair in question.pairs)
    _html(made, "correctfeedback", "\n\n".join([question.reason or "", reasons]).strip())
    _html(made, "partiallycorrectfeedback", question.otherwise or "")
    _html(made, "incorrectfeedback", question.otherwise or "")
    pairs = [(pair.left, pair.right) for pair in question.pairs]
    for left, right in [*pairs, *(("", other) for other in question.others)]:
        part = ET.SubElement(made, "subquestion", format="html")
        _plain(part, "text", markup.to_html(left) if left else "")
        _text(part, "answer", markup.to_text(right))
    return "matching"


def _gaps(made: ET.Element, question: Gaps, asked: ET.Element) -> str:
    code = html.escape(question.code.rstrip())
    code = re.sub(r"___(\d+)___", lambda match: _cloze(question, match[1]), code)
    exhibit = question.exhibit.markdown() if question.exhibit else ""
    before = markup.to_html(f"{question.prompt}\n\n{exhibit}")
    text = asked.find("text")
    assert text is not None
    text.text = f"{before}\n<pre>{code}</pre>"
    return "cloze"


def _cloze(question: Gaps, number: str) -> str:
    gap = question.gaps[number]
    right, wrong = _in_gap(gap.reason), _in_gap(gap.otherwise)
    if gap.options is None:
        forms = "~".join(f"={_escaped(_literal(form))}#{right}" for form in gap.forms())
        return f"{{1:SHORTANSWER_C:{forms}~{ELSE}#{wrong}}}"
    options = "~".join(
        f"={_escaped(each)}#{right}" if each == gap.right else f"{_escaped(each)}#{wrong}"
        for each in gap.options
    )
    return f"{{1:MULTICHOICE:{options}}}"


def _in_gap(reason: str) -> str:
    return _escaped(" ".join(markup.to_text(reason).split()))


def _escaped(text: str) -> str:
    """Write a text so that neither Moodle's gaps nor HTML take any of it for their own."""
    return html.escape(re.sub(r"([\\}#~/])", r"\\\1", text))


def _open(made: ET.Element, question: Open, asked: ET.Element) -> str:
    _plain(made, "responseformat", "editor")
    _plain(made, "responserequired", "1")
    _plain(made, "responsefieldlines", "15")
    _html(made, "graderinfo", question.solution())
    return "essay"


_FORMS: dict[type[Question], Callable[[ET.Element, Any, ET.Element], str]] = {
    Single: _single,
    Multiple: _multiple,
    Numeric: _numeric,
    Text: _short,
    Ordering: _ordering,
    Matching: _matching,
    Gaps: _gaps,
    Predict: _predict,
    Open: _open,
}


def _answer(
    made: ET.Element, value: str, fraction: str, feedback: str, tolerance: str | None = None
) -> None:
    answer = ET.SubElement(made, "answer", fraction=fraction, format="moodle_auto_format")
    _plain(answer, "text", value)
    if tolerance is not None:
        _plain(answer, "tolerance", tolerance)
    _html(answer, "feedback", feedback)


def _literal(text: str) -> str:
    """Write a text in which an asterisk stands for itself."""
    return text.replace("*", r"\*")


def _plain(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _text(parent: ET.Element, name: str, text: str) -> None:
    _plain(ET.SubElement(parent, name), "text", text)


def _html(parent: ET.Element, name: str, text: str) -> ET.Element:
    made = ET.SubElement(parent, name, format="html")
    _plain(made, "text", markup.to_html(text) if text else "")
    return made
