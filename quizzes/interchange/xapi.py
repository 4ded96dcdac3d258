"""Answers as xAPI statements, for a learning record store.

A statement's id is its attempt's, so that sending it twice does no harm; the activity of a question
is the same IRI for every learner. The rules are those of
https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md (xAPI 1.0.3), section 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from quizzes import markup
from quizzes.attempts import Attempt
from quizzes.kinds.base import LETTERS
from quizzes.loading import Bank
from quizzes.model import Matching, Ordering, Question

HOME = "https://cold-start.example/"
"""Where the course lives, for IRIs, as long as nobody names an address of their own."""
OUTCOMES = ("right", "partly", "wrong")
_VERB = {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en-US": "answered"}}
_INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction"
_ASSESSMENT = "http://adlnet.gov/expapi/activities/assessment"
_TYPES = {
    "single": "choice",
    "multiple": "choice",
    "numeric": "numeric",
    "text": "fill-in",
    "ordering": "sequencing",
    "matching": "matching",
    "gaps": "fill-in",
    "predict": "long-fill-in",
}


def statements(
    attempts: Iterable[Attempt], bank: Bank, *, learner: str = "learner", home: str = HOME
) -> list[dict[str, Any]]:
    """Make a statement of every answer to a question; `learner` is an account's name at `home`."""
    base = home.rstrip("/") + "/"
    actor = {"objectType": "Agent", "account": {"homePage": home, "name": learner}}
    return [
        {
            "id": each.uuid,
            "actor": actor,
            "verb": _VERB,
            "object": _activity(each.item_id, bank, base),
            "result": _result(each, bank),
            "context": _context(each, bank, base),
            "timestamp": each.moment().isoformat(),
        }
        for each in attempts
        if each.kind == "quiz" and each.outcome in OUTCOMES
    ]


def _activity(question_id: str, bank: Bank, base: str) -> dict[str, Any]:
    definition: dict[str, Any] = {"type": _INTERACTION, "interactionType": "other"}
    if question_id in bank:
        definition |= _definition(bank[question_id])
    return {
        "objectType": "Activity",
        "id": f"{base}questions/{question_id}",
        "definition": definition | {"name": {"en-US": question_id}},
    }


def _definition(question: Question) -> dict[str, Any]:
    one = question.instance()
    made: dict[str, Any] = {
        "interactionType": _interaction(one),
        "description": {"en-US": markup.to_text(one.body())},
    }
    match one:
        case Ordering():
            made["choices"] = _components(zip(LETTERS, one.items, strict=False))
        case Matching():
            lefts = (pair.left for pair in one.pairs)
            made["source"] = _components((str(n), left) for n, left in enumerate(lefts, 1))
            made["target"] = _components(zip(LETTERS, one.choices(), strict=False))
        case _ if made["interactionType"] == "choice":
            letters = [one.original([letter])[0] for letter, _ in one.rows()]
            texts = [text for _, text in one.rows()]
            made["choices"] = _components(sorted(zip(letters, texts, strict=True)))
    return made


def _interaction(question: Question) -> str:
    if question.kind == "predict" and question.rows():
        return "choice"
    return _TYPES.get(question.kind, "other")


def _components(named: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"id": id_, "description": {"en-US": markup.to_text(text)}} for id_, text in named]


def _result(attempt: Attempt, bank: Bank) -> dict[str, Any]:
    return {
        "score": {"scaled": min(1.0, max(0.0, attempt.score))},
        "success": attempt.outcome == "right",
        "completion": True,
        "response": _response(attempt, bank),
    }


def _response(attempt: Attempt, bank: Bank) -> str:
    answer = attempt.answer
    if attempt.item_id in bank:
        question = bank[attempt.item_id].instance(attempt.seed)
        typed = question.right_answer() is not None
        if typed and question.grade(answer).outcome != "not attempted":
            answer = question.original(question.kept(answer))
    match answer:
        case None:
            return ""
        case str():
            return answer
        case list():
            return "[,]".join(map(str, answer))
        case dict():
            return "[,]".join(f"{name}[.]{value}" for name, value in answer.items())
    return json.dumps(answer)


def _context(attempt: Attempt, bank: Bank, base: str) -> dict[str, Any]:
    extensions: dict[str, Any] = {f"{base}extensions/mode": attempt.mode}
    if attempt.seed:
        extensions[f"{base}extensions/seed"] = attempt.seed
    context: dict[str, Any] = {
        "platform": "Cold Start",
        "language": "en-US",
        "extensions": extensions,
    }
    home = bank.home(attempt.item_id)
    if home is not None:
        parent = {
            "objectType": "Activity",
            "id": f"{base}quizzes/{home.quiz}",
            "definition": {"type": _ASSESSMENT, "name": {"en-US": home.title}},
        }
        context["contextActivities"] = {"parent": [parent]}
    return context
