"""Makes the two notebooks of a lesson from its source: the learner's and the solved edition.

Nothing is executed here. The same source always gives the same notebooks, ids of cells included.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupytext.myst import myst_to_notebook
from nbformat import NotebookNode

from course.lessons import EXERCISE_TAG, LESSONS, split_exercise
from course.outline import ROOT, Lesson, Outline
from course.problem import Problem
from course.prose import Prose

RAISES_TAG = "raises-exception"
NOTEBOOKS = ROOT / "notebooks"
INSTRUCTOR = ROOT / "course" / "instructor"
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "name": "python", "pygments_lexer": "ipython3"},
}
_FACT_IN_CODE = re.compile(r"""\b(?:fact|lookup)\(\s*["']([\w.]+)["']""")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a lesson's source; `line` is where it begins in the file."""

    kind: str
    text: str
    tags: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Edition:
    """One of the two notebooks of a lesson, and where it is kept."""

    path: Path
    notebook: NotebookNode
    lines: dict[str, int]

    @property
    def label(self) -> str:
        """The file's path inside the repository, for messages."""
        return "/".join(self.path.parts[-3 if self.path.parent == INSTRUCTOR else -2 :])


def editions(
    lesson: Lesson,
    outline: Outline,
    sources: Path = LESSONS,
    open_folder: Path = NOTEBOOKS,
    solved_folder: Path = INSTRUCTOR,
) -> tuple[Edition, Edition]:
    """The learner's and the solved edition, not executed.

    Raises Problem, naming every mistake with file and line, when the source is wrong.
    """
    source = sources / f"{lesson.stem}.md"
    if not source.is_file():
        raise Problem(
            f"Lesson {lesson.label} has no source: write {source.name}, "
            "or mark the lesson as planned in outline.yml."
        )
    cells = read_cells(source)
    made = []
    for solved, folder in ((False, open_folder), (True, solved_folder)):
        prose = Prose(outline, lesson, source.name, solved)
        notebook, lines = _make(cells, prose)
        if prose.mistakes:
            raise Problem("\n".join(prose.mistakes))
        made.append(Edition(folder / f"{lesson.stem}.ipynb", notebook, lines))
    return made[0], made[1]


def read_cells(source: Path) -> list[Cell]:
    """The cells of a lesson's source, read by jupytext."""
    text = source.read_text(encoding="utf-8")
    notebook = myst_to_notebook(text, add_source_map=True)
    lines = text.split("\n")
    cells = []
    for cell, start in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        first = cell.source.split("\n")[0]
        line = next((n for n in range(start, len(lines)) if lines[n] == first), start) + 1
        tags = tuple(cell.metadata.get("tags", ()))
        cells.append(Cell(cell.cell_type, cell.source, tags, line))
    return cells


def _make(cells: list[Cell], prose: Prose) -> tuple[NotebookNode, dict[str, int]]:
    made: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    for cell in cells:
        name = _cell_id(cell.kind + cell.text, lines)
        lines[name] = cell.line
        if cell.kind == "code":
            metadata = {"tags": list(cell.tags)} if cell.tags else {}
            made.append(_new_cell(name, "code", _code(cell, prose), metadata))
        else:
            if cell.kind != "markdown":
                prose.complain(cell.line, f"a lesson has no {cell.kind} cells.")
            made.append(_new_cell(name, "markdown", prose.render(cell.text, cell.line), {}))
    sources = prose.sources()
    if sources:
        made.append(_new_cell("sources", "markdown", sources, {}))
    _check_frame(cells, prose)
    return _node({"cells": made, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}), lines


def _new_cell(name: str, kind: str, source: str, metadata: dict[str, Any]) -> dict[str, Any]:
    code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": metadata, "source": source, **code}


def _node(content: dict[str, Any]) -> NotebookNode:
    node: NotebookNode = nbformat.from_dict(content)  # type: ignore[no-untyped-call]
    return node


def _cell_id(content: str, taken: dict[str, int]) -> str:
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    count = sum(name.partition("-")[0] == digest for name in taken)
    return f"{digest}-{count}" if count else digest


def _code(cell: Cell, prose: Prose) -> str:
    for reference in _FACT_IN_CODE.findall(cell.text):
        prose.use(reference, cell.line)
    text = cell.text
    marked = any(line.strip() in ("# solution", "# stub") for line in text.splitlines())
    if EXERCISE_TAG in cell.tags or marked:
        if EXERCISE_TAG not in cell.tags:
            prose.complain(cell.line, f"a cell with a solution needs the tag {EXERCISE_TAG}.")
        try:
            exercise = split_exercise(text, f"{prose.file}, line {cell.line}")
        except Problem as problem:
            prose.mistakes.append(str(problem))
            return text
        text = exercise.solved if prose.solved else exercise.open
    if ends_in_semicolon(text):
        prose.complain(cell.line, "a code cell must not end in a semicolon.")
    return text.strip("\n")


def ends_in_semicolon(code: str) -> bool:
    """Whether the last line of code ends in a semicolon, comments aside."""
    lines = [line for line in code.splitlines() if line.split("#")[0].strip()]
    return bool(lines) and lines[-1].split("#")[0].rstrip().endswith(";")


def _check_frame(cells: list[Cell], prose: Prose) -> None:
    headings = [
        line for cell in cells if cell.kind == "markdown" for line in _prose_lines(cell.text)
    ]
    titles = [line for line in headings if line.startswith("# ")]
    if titles != [f"# {prose.lesson.title}"]:
        prose.complain(1, f"a lesson has one H1, its title in the outline: # {prose.lesson.title}")
    for directive in ("lesson-header", "next-lesson"):
        if prose.directives.count(directive) != 1:
            prose.complain(1, f"a lesson has {{{directive}}} exactly once.")


def _prose_lines(text: str) -> list[str]:
    return re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.M | re.S).split("\n")
