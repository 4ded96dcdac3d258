"""Reads the Markdown source of a lesson: its cells, and its exercises with solution and stub.

An exercise is a code cell with the tag `exercise`:

    # solution
    <lines of the solved edition>
    # stub
    #: <lines of the learner's edition>
    # end

Lines before `# solution` and after `# end` stand in both editions. Only the standard library is
needed here, because learners' kernels read solutions from these files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from course.outline import ROOT, load_outline
from course.problem import Problem

LESSONS = ROOT / "course" / "lessons"
EXERCISE_TAG = "exercise"
_FENCE = re.compile(r"(`{3,}|~{3,})\s*(\{code-cell\})?")
_TAGS = re.compile(r":?tags:\s*\[(.*)\]\s*")
_CHECK = re.compile(r"""\bcheck\(\s*["']([\w.-]+)["']""")
_MARKERS = ("# solution", "# stub", "# end")


@dataclass(frozen=True, slots=True)
class CodeCell:
    """One code cell; `line` is where its code begins in the file."""

    code: str
    tags: tuple[str, ...]
    line: int

    @property
    def checks(self) -> list[str]:
        """Names of the exercises that the cell checks."""
        return _CHECK.findall(self.code)


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise cell taken apart."""

    before: str
    solution: str
    stub: str
    after: str

    @property
    def solved(self) -> str:
        """The cell of the solved edition."""
        return self.before + self.solution + self.after

    @property
    def open(self) -> str:
        """The cell of the learner's edition."""
        return self.before + self.stub + self.after


def code_cells(text: str) -> Iterator[CodeCell]:
    """The code cells of a lesson in MyST Markdown, in order."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        body_from = number
        while number < len(lines) and not _closes(lines[number], opening[1]):
            number += 1
        if opening[2]:
            yield _code_cell(lines[body_from:number], body_from + 1)
        number += 1


def split_exercise(code: str, where: str) -> Exercise:
    """Takes an exercise cell apart. Raises Problem, naming `where` it stands, for a wrong part."""
    lines = code.splitlines()
    places = [place for place, line in enumerate(lines) if line.strip() in _MARKERS]
    found = [lines[place].strip() for place in places]
    if found != list(_MARKERS):
        needed = ", ".join(f"`{marker}`" for marker in _MARKERS)
        raise Problem(
            f"{where}: {_wrong_markers(found)}; an exercise needs {needed}, in this order."
        )
    start, middle, end = places
    stub = [_uncommented(line, where) for line in lines[middle + 1 : end]]
    if not any(line.strip() for line in stub):
        raise Problem(f"{where}: the exercise has no stub; write its lines after `#: `.")
    return Exercise(
        before=_joined(lines[:start]),
        solution=_joined(lines[start + 1 : middle]),
        stub=_joined(stub),
        after=_joined(lines[end + 1 :]),
    )


def find_exercise(name: str) -> Exercise:
    """The exercise that `check(name, …)` checks: the nearest exercise cell at or above that call.

    Raises Problem when there is none.
    """
    lesson = load_outline().lesson(name.partition(".")[0].replace("_", "-"))
    path = LESSONS / f"{lesson.stem}.md"
    latest: CodeCell | None = None
    for cell in code_cells(path.read_text(encoding="utf-8") if path.exists() else ""):
        if EXERCISE_TAG in cell.tags:
            latest = cell
        if name in cell.checks and latest is not None:
            return split_exercise(latest.code, f"{path.name}, line {latest.line}")
    raise Problem(f"Lesson {lesson.stem} has no exercise {name!r}, so it has no solution to show.")


def _closes(line: str, fence: str) -> bool:
    rest = line.strip()
    return len(rest) >= len(fence) and set(rest) == {fence[0]}


def _code_cell(body: list[str], line: int) -> CodeCell:
    tags: list[str] = []
    place = 0
    in_block = bool(body) and body[0].strip() == "---"
    if in_block:
        place = 1
    while place < len(body) and (in_block or body[place].startswith(":")):
        if in_block and body[place].strip() == "---":
            place += 1
            break
        match = _TAGS.fullmatch(body[place])
        if match:
            tags = [tag.strip(" \"'") for tag in match[1].split(",")]
        place += 1
    while place < len(body) and not body[place].strip():
        place += 1
    return CodeCell("\n".join(body[place:]), tuple(tags), line + place)


def _wrong_markers(found: list[str]) -> str:
    for marker in _MARKERS:
        if found.count(marker) > 1:
            return f"there are {found.count(marker)} lines `{marker}`"
        if marker not in found:
            return f"there is no line `{marker}`"
    return "its parts are out of order"


def _uncommented(line: str, where: str) -> str:
    indent, mark, rest = line.partition("#:")
    if not line.strip():
        return ""
    if not mark or indent.strip():
        raise Problem(f"{where}: the stub line {line.strip()!r} must begin with `#: `.")
    return (indent + rest.removeprefix(" ")).rstrip()


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
