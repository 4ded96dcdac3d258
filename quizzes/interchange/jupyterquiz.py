"""Questions as the JSON that the package jupyterquiz shows, ``display_quiz("file.json")``.

It has questions with options, numbers and short texts (https://github.com/jmshea/jupyterquiz);
other kinds are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from quizzes import markup
from quizzes.interchange import Unfit, Written
from quizzes.interchange.variants import variants
from quizzes.kinds.choice import Option
from quizzes.model import Multiple, Numeric, Predict, Question, Quiz, Single, Text


def export(quizzes: Iterable[Quiz], interview: Iterable[Question] = ()) -> Written:
    """Write the questions of quizzes as one list."""
    made: list[dict[str, Any]] = []
    left_out = []
    questions = [question for quiz in quizzes for question in quiz.every()]
    for name, question in variants([*questions, *interview]):
        try:
            made.append(_question(question))
        except Unfit as error:
            left_out.append((name, str(error)))
    text = json.dumps(made, indent=1, ensure_ascii=False)
    return Written(f"{text}\n", len(made), tuple(left_out))


def _question(question: Question) -> dict[str, Any]:
    form = _FORMS.get(type(question))
    if form is None:
        raise Unfit(f"jupyterquiz has no {question.kind} questions")
    asked = markup.to_html(f"{question.body()}\n\n*{question.instruction()}*")
    return {"question": asked} | form(question)


def _single(question: Single) -> dict[str, Any]:
    return {"type": "multiple_choice", "answers": _options(question.options, question.rows())}


def _multiple(question: Multiple) -> dict[str, Any]:
    return {"type": "many_choice", "answers": _options(question.options, question.rows())}


def _predict(question: Predict) -> dict[str, Any]:
    if question.options is not None:
        return {"type": "multiple_choice", "answers": _options(question.options, question.rows())}
    output = question.right_answer()
    if "\n" in output:
        raise Unfit("jupyterquiz's texts have one line")
    mistakes = [(each.value.strip(), each.reason) for each in question.mistakes]
    return _string([output], question.reason or "", question.otherwise or "", mistakes, case=True)


def _text(question: Text) -> dict[str, Any]:
    mistakes = [(each.value, each.reason) for each in question.mistakes]
    case = question.case == "exact"
    return _string(question.accept, question.reason, question.otherwise, mistakes, case=case)


def _numeric(question: Numeric) -> dict[str, Any]:
    value, margin = question.value(), question.margin()
    right: dict[str, Any] = {"type": "value", "value": float(value)}
    if margin:
        right = {"type": "range", "range": [float(value - margin), float(value + margin)]}
    answers = [right | {"correct": True, "feedback": _html(question.reason)}]
    for mistake in question.mistakes:
        if mistake.value is not None and not question.accepts(mistake.value):
            wrong = {"type": "value", "value": float(mistake.value), "correct": False}
            answers.append(wrong | {"feedback": _html(mistake.reason)})
    default = {"type": "default", "feedback": _html(question.otherwise)}
    return {"type": "numeric", "answers": [*answers, default]}


def _options(options: dict[str, Option], rows: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"answer": _html(text), "correct": option.right, "feedback": _html(option.reason)}
        for (_, text), option in zip(rows, options.values(), strict=True)
    ]


def _string(
    forms: Iterable[str],
    reason: str,
    otherwise: str,
    mistakes: Iterable[tuple[str, str]],
    *,
    case: bool,
) -> dict[str, Any]:
    told = [(form, True, reason) for form in forms]
    told += [(value, False, why) for value, why in mistakes]
    answers: list[dict[str, Any]] = [
        {"answer": text, "correct": right, "match_case": case, "feedback": _html(why)}
        for text, right, why in told
    ]
    return {
        "type": "string",
        "answers": [*answers, {"type": "default", "feedback": _html(otherwise)}],
    }


def _html(text: str) -> str:
    return markup.to_inline_html(text)


_FORMS: dict[type[Question], Callable[[Any], dict[str, Any]]] = {
    Single: _single,
    Multiple: _multiple,
    Numeric: _numeric,
    Predict: _predict,
    Text: _text,
}
