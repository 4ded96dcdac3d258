"""Where facts are used: in lessons, questions and code, found by their ids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from course.lessons import LESSONS
from course.outline import ROOT
from course.prose import ROLES
from labsupport.facts import Fact

CODE = ("course", "labsupport", "quizzes")
_ROLE = re.compile(rf"\{{(?:{'|'.join(ROLES)})\}}`([^`]+)`")
_SLOT = re.compile(r"\{([a-z][a-z0-9_]*(?:\.\w+)+)\}")
_CALL = re.compile(r"\b(?:fact|lookup)\(\s*[\"']([^\"']+)[\"']")


def uses(facts: Sequence[Fact]) -> dict[str, list[str]]:
    """The places where each fact is used, by its id: "lesson 02", a question's id, a file."""
    ids = {each.id for each in facts}
    found: dict[str, list[str]] = {each.id: [] for each in facts}
    for place, references in (*_lessons(), *_questions(), *_code(ids)):
        for reference in dict.fromkeys(references):
            used = _id_of(reference, ids)
            if used is not None and place not in found[used]:
                found[used].append(place)
    return found


def _id_of(reference: str, ids: set[str]) -> str | None:
    """The fact that a reference such as `price.gbs.x86[0]` or `async.retries.max` is about."""
    names = reference.partition("[")[0].split(".")
    longest = (".".join(names[:length]) for length in range(len(names), 1, -1))
    return next((name for name in longest if name in ids), None)


def _lessons() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(LESSONS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        yield f"lesson {path.stem[:2]}", _ROLE.findall(text) + _CALL.findall(text)


def _questions() -> Iterator[tuple[str, list[str]]]:
    from quizzes import load_bank

    for question in load_bank().values():
        yield f"question {question.id}", question.fact_ids()


def _code(ids: set[str]) -> Iterator[tuple[str, Iterable[str]]]:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), list(_references(path, ids))
    explanations = ROOT / "labsupport" / "views" / "rules.yml"
    yield (
        explanations.relative_to(ROOT).as_posix(),
        _SLOT.findall(explanations.read_text(encoding="utf-8")),
    )


def _references(path: Path, ids: set[str]) -> Iterator[str]:
    """Texts in a module that name facts, those put together from parts included."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.partition("[")[0].count(".") and " " not in node.value:
                yield node.value
        elif isinstance(node, ast.JoinedStr):
            shape = _shape(node)
            yield from (each for each in sorted(ids) if shape and shape.fullmatch(each))


def _shape(text: ast.JoinedStr) -> re.Pattern[str] | None:
    """What ids a text such as `f"price.{kind}.{chip}"` may come to be; None where it is no id.

    A part that is put in holds no dot, but for one at the end of an id of three names or more.
    """
    parts = [
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else None
        for part in text.values
    ]
    if not parts[0] or not re.match(r"[a-z0-9_]+\\\.", parts[0]):
        return None
    last = r"[a-z0-9_.]*" if parts[0].count(".") > 1 and len(parts) == 2 else r"[a-z0-9_]*"
    known = [r"[a-z0-9_]*" if part is None else part for part in parts[:-1]]
    return re.compile("".join([*known, last if parts[-1] is None else parts[-1]]))
