"""Says the schema's findings in sentences: which question, what is wrong, what to write instead."""

from __future__ import annotations

from typing import Any

from quizzes.source import Place

KINDS = "single, multiple, numeric, text, ordering, matching, gaps, predict or lab"
SECTIONS = ("questions", "exam", "interview")
_PATTERNS = {
    "lesson": "`lesson` must be the lesson's two digits, such as 02.",
    "tolerance": "`tolerance` must be a number or a percentage, such as 0.5 or 5%.",
    "check": "`check` must be a module and a function of it, such as first_function.till_answers.",
    "answer_fact": "`answer_fact` must be the id of a fact, such as timeout.default_s.",
    "facts": "`facts` must list ids of facts, such as timeout.default_s.",
}
_PARTS = {
    "options": "option",
    "gaps": "gap",
    "pairs": "pair",
    "mistakes": "mistake",
    "parameters": "parameter",
}
_SENTENCES = {
    "missing": "`{}` is missing; add it (bank/README.md shows every field).",
    "extra_forbidden": "There is no field `{}` here; remove it or mend its name.",
    "union_tag_invalid": f"`kind` must be {KINDS}.",
    "union_tag_not_found": f"`kind` is missing; it is {KINDS}.",
    "string_too_short": "`{}` is empty; write its text.",
    "too_short": "`{}` needs at least {min_length} entries.",
    "string_pattern_mismatch": "`{}` must be small letters and digits joined by hyphens.",
    "bool_parsing": "`{}` must be true or false.",
    "bool_type": "`{}` must be true or false.",
    "decimal_parsing": "`{}` must be a number, such as 3 or 0.5.",
    "decimal_type": "`{}` must be a number, such as 3 or 0.5.",
    "finite_number": "`{}` must be a number, such as 3 or 0.5.",
    "int_parsing": "`{}` must be a whole number.",
    "int_type": "`{}` must be a whole number.",
    "too_long": "`{}` has too many entries; at most {max_length} are read.",
    "less_than_equal": "`{}` must be at most {le}.",
    "greater_than_equal": "`{}` must be at least {ge}.",
    "literal_error": "`{}` must be {expected}.",
    "string_type": "`{}` must be text; put quotes around it.",
    "list_type": "`{}` must be a list, each entry beginning with “- ”.",
    "tuple_type": "`{}` must be a list, each entry beginning with “- ”.",
    "dict_type": "`{}` must have fields of its own below it, indented.",
    "model_type": "`{}` must have fields of its own below it, indented.",
    "model_attributes_type": "`{}` must have fields of its own below it, indented.",
}


def explain(error: Any, data: Any) -> tuple[Place, str]:
    """Give the place of one of pydantic's errors in the file's `data`, and a sentence about it."""
    loc = error["loc"]
    if error["type"] == "union_tag_invalid":
        loc = (*loc, "kind")
    elif len(loc) > 2 and loc[0] in SECTIONS[:2]:
        loc = (*loc[:2], *loc[3:])  # without the kind, by which pydantic chose the schema
    place = _place(loc, data)
    return place, _about(place, data) + _sentence(error, place)


def is_echo(error: Any) -> bool:
    """Say whether an error only counts what is left of a list after its entries' own errors."""
    return bool(error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"])


def _place(loc: tuple[int | str, ...], data: Any) -> Place:
    # Pydantic's location may go on beyond what the file has.
    place: list[str | int] = []
    for n, key in enumerate(loc):
        inside_list = isinstance(data, list) and isinstance(key, int) and key < len(data)
        if inside_list or (isinstance(data, dict) and key in data):
            place.append(key)
            data = data[key]
        elif n == len(loc) - 1:
            place.append(key)
    return tuple(place)


def _about(place: Place, data: Any) -> str:
    if len(place) < 2 or place[0] not in SECTIONS or not isinstance(place[1], int):
        return ""
    question = data[place[0]][place[1]]
    name = question.get("id") if isinstance(question, dict) else None
    about = f"Question “{name}”" if name else f"Question {place[1] + 1}"
    if len(place) > 3 and place[2] in _PARTS:
        part = place[3] + 1 if isinstance(place[3], int) else place[3]
        about += f", {_PARTS[place[2]]} {part}"
    return f"{about}: "


def _sentence(error: Any, place: Place) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    field = next((str(part) for part in reversed(place) if isinstance(part, str)), "the file")
    if error["type"] == "string_pattern_mismatch" and field in _PATTERNS:
        return _PATTERNS[field]
    known = error.get("ctx", {})
    if error["type"] == "too_short" and known["min_length"] == 1:
        return f"`{field}` is empty; add at least one."
    return _SENTENCES.get(error["type"], f"`{{}}`: {error['msg']}.").format(field, **known)
