"""The course as data: modules, lessons, objectives and their order, read from outline.yml."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from course.problem import Problem

ROOT = Path(__file__).resolve().parent.parent
OUTLINE = ROOT / "course" / "outline.yml"
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TOPIC = re.compile(r"(\d+)\.(\d\d)(?:-(\d+)\.(\d\d))?")
_LESSON = {
    "id": str,
    "title": str,
    "minutes": int,
    "status": str,
    "prerequisites": list,
    "objectives": list,
    "topics": list,
}


@dataclass(frozen=True, slots=True)
class Objective:
    """Something you can do after a lesson; `text` continues "you can …"."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson; `number` is its place in the course, `minutes` the time it takes."""

    number: int
    id: str
    name: str
    title: str
    module: str
    minutes: int
    status: Literal["ready", "planned"]
    prerequisites: tuple[str, ...]
    objectives: tuple[Objective, ...]
    topics: tuple[str, ...]

    @property
    def label(self) -> str:
        """The number as it is written everywhere: "02"."""
        return f"{self.number:02}"

    @property
    def stem(self) -> str:
        """The file name without its ending: "02-your-first-function"."""
        return f"{self.label}-{self.name}"

    @property
    def ready(self) -> bool:
        """Whether the lesson is written, so that it can be built and opened."""
        return self.status == "ready"


@dataclass(frozen=True, slots=True)
class Module:
    """A group of lessons that belong together."""

    id: str
    title: str
    lessons: tuple[Lesson, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """All modules in order."""

    modules: tuple[Module, ...]

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """All lessons in order."""
        return tuple(lesson for module in self.modules for lesson in module.lessons)

    def lesson(self, key: str | int) -> Lesson:
        """The lesson with this number, id or file name. Raises Problem when there is none."""
        for lesson in self.lessons:
            if key in (lesson.number, lesson.label, str(lesson.number), lesson.id, lesson.stem):
                return lesson
        close = difflib.get_close_matches(str(key), [each.id for each in self.lessons], n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else "course/outline.yml lists all."
        raise Problem(f"There is no lesson {key!r}; {hint}")

    def after(self, lesson: Lesson) -> Lesson | None:
        """The lesson that follows, None after the last."""
        following = self.lessons[lesson.number + 1 :]
        return following[0] if following else None


@cache
def load_outline(path: Path = OUTLINE) -> Outline:
    """Reads and checks the outline. Raises Problem, with file and line, for what is wrong in it."""
    return parse_outline(path.read_text(encoding="utf-8"), path.name)


def parse_outline(text: str, name: str = "outline.yml") -> Outline:
    """The outline in this YAML text; `name` is the file it is said to come from."""
    try:
        tree = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "this is not YAML"
        raise Problem(f"{name}, line {mark.line + 1 if mark else 1}: {reason}.") from None
    try:
        return _outline(tree)
    except _Wrong as wrong:
        raise Problem(f"{name}, line {wrong.line}: {wrong.reason}.") from None


class _Wrong(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class _Map(dict[Any, Any]):
    """A YAML map that knows the line it begins on."""

    line = 1


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as usual, with the line of every map."""


def _located(loader: yaml.SafeLoader, node: yaml.MappingNode) -> _Map:
    located = _Map(loader.construct_mapping(node, deep=True))
    located.line = node.start_mark.line + 1
    return located


_Loader.add_constructor("tag:yaml.org,2002:map", _located)


def _outline(tree: Any) -> Outline:
    if not isinstance(tree, _Map) or not isinstance(tree.get("modules"), list):
        raise _Wrong(1, "the outline is a map with a list of modules")
    modules: list[Module] = []
    ids: set[str] = set()
    number = 0
    for record in tree["modules"]:
        _fields(record, {"id": str, "title": str, "lessons": list}, "module")
        lessons: list[Lesson] = []
        for lesson in record["lessons"]:
            lessons.append(_lesson(lesson, number, record["title"], ids))
            number += 1
        modules.append(Module(record["id"], record["title"], tuple(lessons)))
    return Outline(tuple(modules))


def _lesson(record: Any, number: int, module: str, ids: set[str]) -> Lesson:
    _fields(record, _LESSON, "lesson", optional={"name"})
    line, own = record.line, record["id"]
    objectives = tuple(_objective(each, own, ids) for each in record["objectives"])
    if own in ids or not _KEBAB.fullmatch(own):
        raise _Wrong(line, f"the lesson id {own!r} must be small letters with hyphens, used once")
    strangers = [each for each in record["prerequisites"] if each not in ids]
    if strangers:
        raise _Wrong(line, f"the prerequisite {strangers[0]!r} of {own} is no earlier lesson")
    if record["status"] not in ("ready", "planned"):
        raise _Wrong(line, f"the status of {own} must be ready or planned")
    if not 2 < len(objectives) < 5:
        raise _Wrong(line, f"{own} needs three or four objectives and has {len(objectives)}")
    if record["minutes"] < 1:
        raise _Wrong(line, f"the minutes of {own} must be a positive number")
    ids.add(own)
    return Lesson(
        number=number,
        id=own,
        name=record.get("name", own),
        title=record["title"],
        module=module,
        minutes=record["minutes"],
        status=record["status"],
        prerequisites=tuple(record["prerequisites"]),
        objectives=objectives,
        topics=tuple(topic for each in record["topics"] for topic in _topics(each, line)),
    )


def _objective(record: Any, lesson: str, ids: set[str]) -> Objective:
    _fields(record, {"id": str, "text": str}, f"objective of {lesson}")
    own = record["id"]
    if own in ids or not _KEBAB.fullmatch(own):
        raise _Wrong(record.line, f"the objective id {own!r} must be kebab-case and used once")
    ids.add(own)
    return Objective(own, record["text"])


def spelled_out(text: Any) -> list[str]:
    """The topics of "4.03" or of a range such as "4.03-4.05"; ValueError for anything else."""
    match = _TOPIC.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"the topic {text!r} must be in quotes, like '4.03' or '4.03-4.05'")
    section, first, last_section, last = match.groups()
    if last_section not in (None, section):
        raise ValueError(f"the topics {text} must begin and end in the same section")
    return [f"{section}.{place:02}" for place in range(int(first), int(last or first) + 1)]


def _topics(text: Any, line: int) -> list[str]:
    try:
        return spelled_out(text)
    except ValueError as error:
        raise _Wrong(line, str(error)) from None


def _fields(
    record: Any, wanted: dict[str, type], what: str, optional: set[str] | None = None
) -> None:
    if not isinstance(record, _Map):
        raise _Wrong(getattr(record, "line", 1), f"a {what} is a map with {', '.join(wanted)}")
    for field, kind in wanted.items():
        if not isinstance(record.get(field), kind) or record[field] == "":
            raise _Wrong(record.line, f"this {what} needs {field!r} as {_KINDS[kind]}")
    unknown = record.keys() - wanted.keys() - (optional or set())
    if unknown:
        raise _Wrong(record.line, f"this {what} has the unknown field {min(unknown)!r}")


_KINDS = {str: "text", int: "a whole number", list: "a list"}
