"""`python -m course build [NN] [--check]`: makes the notebooks from the lessons' sources."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.editions import INSTRUCTOR, NOTEBOOKS, Edition, editions
from course.execution import execute
from course.outline import Lesson, Outline, load_outline
from course.problem import Problem
from course.sanitizing import same_outputs


def main(argv: list[str]) -> int:
    """Builds all ready lessons or one of them; returns the exit code.

    With `--check` nothing is executed or written: the exit code is 1 when a notebook does not
    agree with its source.
    """
    parser = argparse.ArgumentParser(
        prog="python3 -m course build", description="Make the notebooks from course/lessons."
    )
    parser.add_argument("lesson", nargs="?", metavar="NN", help="one lesson (default: all ready)")
    parser.add_argument("--check", action="store_true", help="only say whether they agree")
    options = parser.parse_args(argv)
    try:
        outline = load_outline()
        lessons = _chosen(outline, options.lesson)
        if options.check:
            return _check(lessons, outline, whole=options.lesson is None)
        for lesson in lessons:
            _build(lesson, outline)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def disagreements(lessons: list[Lesson], outline: Outline, *, whole: bool = True) -> list[str]:
    """What is different between sources and notebooks, a sentence each; nothing is executed.

    With `whole`, notebooks that belong to no lesson count as well.
    """
    found = []
    expected = set()
    for lesson in lessons:
        try:
            made = editions(lesson, outline)
        except Problem as problem:
            found.append(str(problem))
            continue
        for edition in made:
            expected.add(edition.path)
            found += _differences(edition)
    if whole:
        stored = {*NOTEBOOKS.glob("*.ipynb"), *INSTRUCTOR.glob("*.ipynb")}
        found += [
            f"{path.name} in {path.parent.name}/ has no lesson." for path in stored - expected
        ]
    return found


def read_notebook(path: Path) -> NotebookNode:
    """A stored notebook. Raises Problem when the file is none."""
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise Problem(f"{path.name} cannot be read as a notebook: {error}") from None
    return notebook


def _chosen(outline: Outline, key: str | None) -> list[Lesson]:
    if key is None:
        return [lesson for lesson in outline.lessons if lesson.ready]
    lesson = outline.lesson(key)
    if not lesson.ready:
        raise Problem(f"Lesson {lesson.label} is planned: mark it as ready in outline.yml first.")
    return [lesson]


def _check(lessons: list[Lesson], outline: Outline, *, whole: bool) -> int:
    found = disagreements(lessons, outline, whole=whole)
    for each in found:
        print(each)
    print("Run python3 -m course build." if found else "Sources and notebooks agree.")
    return 1 if found else 0


def _build(lesson: Lesson, outline: Outline) -> None:
    made = editions(lesson, outline)
    for edition in made:
        seconds = execute(edition)
        print(f"{edition.label}: executed in {seconds:.0f} s", flush=True)
    for edition in made:
        changed = store(edition)
        print(f"{edition.label}: {'written' if changed else 'unchanged'}", flush=True)


def store(edition: Edition) -> bool:
    """Writes an executed edition and tells whether the file changed.

    When neither the source nor the sanitised outputs differ from the stored ones, the file stays
    as it is, with the ids and times of its own run.
    """
    if edition.path.exists():
        stored = read_notebook(edition.path)
        if _skeleton(stored) == _skeleton(edition.notebook) and same_outputs(
            stored, edition.notebook
        ):
            return False
    text = nbformat.writes(edition.notebook, version=4)  # type: ignore[no-untyped-call]
    edition.path.parent.mkdir(parents=True, exist_ok=True)
    draft = edition.path.with_suffix(".ipynb.part")
    draft.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8", newline="\n")
    os.replace(draft, edition.path)
    return True


def _differences(edition: Edition) -> list[str]:
    if not edition.path.exists():
        return [f"{edition.label} is not built."]
    try:
        stored = read_notebook(edition.path)
    except Problem as problem:
        return [str(problem)]
    here, there = _skeleton(edition.notebook), _skeleton(stored)
    if here == there:
        return []
    if len(here["cells"]) != len(there["cells"]):
        counts = f"{len(there['cells'])} cells and its source makes {len(here['cells'])}"
        return [f"{edition.label} has {counts}."]
    pairs = zip(here["cells"], there["cells"], strict=True)
    wrong = [str(place) for place, (one, other) in enumerate(pairs, 1) if one != other]
    what = f"in cell {', '.join(wrong)}" if wrong else "in its metadata"
    return [f"{edition.label} differs from its source {what}."]


def _skeleton(notebook: NotebookNode) -> dict[str, Any]:
    """Everything of a notebook that comes from its source."""
    left_out = ("outputs", "execution_count")
    cells = [{k: v for k, v in cell.items() if k not in left_out} for cell in notebook.cells]
    return {"metadata": notebook.metadata, "cells": cells}
