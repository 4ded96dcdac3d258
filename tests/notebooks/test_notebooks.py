"""What every stored notebook must be, whatever its lesson says; nothing is executed here."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode

from course.build import disagreements, read_notebook
from course.editions import INSTRUCTOR, NOTEBOOKS, RAISES_TAG, ends_in_semicolon
from course.execution import WIDGET_VIEW, machine_paths
from course.lessons import EXERCISE_TAG, LESSONS, code_cells, split_exercise
from course.outline import load_outline

READY = [lesson for lesson in load_outline().lessons if lesson.ready]
STORED = [folder / f"{each.stem}.ipynb" for folder in (NOTEBOOKS, INSTRUCTOR) for each in READY]
HOME = re.compile(r"(?:/home/|/Users/|[A-Z]:\\Users\\)\w+")
ROLE = re.compile(r"\{[a-z-]+\}`")
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=STORED, ids=lambda path: f"{path.parent.name}/{path.name}")
def path(request: pytest.FixtureRequest) -> Path:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def notebook(path: Path) -> NotebookNode:
    return read_notebook(path)


def cells(notebook: NotebookNode, kind: str) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def outputs(notebook: NotebookNode) -> list[Any]:
    return [output for cell in cells(notebook, "code") for output in cell.outputs]


def test_sources_and_notebooks_agree() -> None:
    outline = load_outline()
    assert disagreements(READY, outline) == []


def test_every_source_belongs_to_a_ready_lesson() -> None:
    sources = {path.stem for path in LESSONS.glob("*.md")}
    assert sources == {lesson.stem for lesson in READY}


def test_every_code_cell_was_executed_once_and_in_order(notebook: NotebookNode) -> None:
    counts = [cell.execution_count for cell in cells(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_nothing_failed_but_what_was_announced_to(notebook: NotebookNode) -> None:
    for cell in cells(notebook, "code"):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert not failed or RAISES_TAG in cell.metadata.get("tags", []), cell.source


def test_nothing_went_to_standard_error(notebook: NotebookNode) -> None:
    assert [each.text for each in outputs(notebook) if each.get("name") == "stderr"] == []


def test_a_widget_never_stands_alone_and_leaves_no_state(notebook: NotebookNode) -> None:
    assert WIDGET_VIEW not in json.dumps(notebook)
    assert "widgets" not in notebook.metadata
    assert all("text/plain" in each.data for each in outputs(notebook) if "data" in each)


def test_no_code_cell_ends_in_a_semicolon(notebook: NotebookNode) -> None:
    assert [c.source for c in cells(notebook, "code") if ends_in_semicolon(c.source)] == []


def test_no_output_shows_a_path_of_the_machine_it_was_made_on(notebook: NotebookNode) -> None:
    assert machine_paths(outputs(notebook)) == []
    assert HOME.search(json.dumps(outputs(notebook))) is None


def test_metadata_say_nothing_of_the_run(notebook: NotebookNode) -> None:
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert "version" not in notebook.metadata["language_info"]
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


def test_no_role_or_directive_is_left_over(notebook: NotebookNode) -> None:
    for cell in cells(notebook, "markdown"):
        assert ROLE.search(FENCE.sub("", cell.source)) is None
        assert "```{" not in cell.source


def test_headings_go_down_one_level_at_a_time(notebook: NotebookNode) -> None:
    prose = "\n".join(FENCE.sub("", cell.source) for cell in cells(notebook, "markdown"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_pictures_have_alternative_text(notebook: NotebookNode) -> None:
    for cell in cells(notebook, "markdown"):
        assert re.search(r"!\[\s*\]\(", cell.source) is None
    for output in outputs(notebook):
        for image in re.findall(r"<img\b[^>]*>", output.get("data", {}).get("text/html", "")):
            assert re.search(r"\balt=\"[^\"]+\"", image), image
        for kind in ("image/png", "image/jpeg", "image/svg+xml"):
            if kind in output.get("data", {}):
                assert output.metadata.get(kind, {}).get("alt"), (
                    "use display(…, metadata=…) or alt="
                )


def test_links_between_notebooks_lead_somewhere(path: Path, notebook: NotebookNode) -> None:
    text = json.dumps(notebook)
    for target in re.findall(r"(?:\]\(|href=\\\")([\w-]+\.ipynb)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("lesson", READY, ids=lambda lesson: lesson.stem)
def test_the_learner_s_edition_holds_no_solution_and_the_solved_one_does(lesson: Any) -> None:
    source = LESSONS / f"{lesson.stem}.md"
    open_code = [
        cell.source for cell in cells(read_notebook(NOTEBOOKS / f"{lesson.stem}.ipynb"), "code")
    ]
    solved = [
        cell.source for cell in cells(read_notebook(INSTRUCTOR / f"{lesson.stem}.ipynb"), "code")
    ]
    exercises = [
        c for c in code_cells(source.read_text(encoding="utf-8")) if EXERCISE_TAG in c.tags
    ]
    assert exercises
    for cell in exercises:
        solution = split_exercise(cell.code, source.name).solution.strip()
        assert not any(solution in code for code in open_code)
        assert any(solution in code for code in solved)
    assert not any("# solution" in code or "#: " in code for code in open_code + solved)


@pytest.mark.parametrize("lesson", READY, ids=lambda lesson: lesson.stem)
def test_exercises_start_as_not_attempted_and_their_solutions_pass(lesson: Any) -> None:
    for folder, outcome in ((NOTEBOOKS, "Not attempted: "), (INSTRUCTOR, "Passed: ")):
        for cell in cells(read_notebook(folder / f"{lesson.stem}.ipynb"), "code"):
            if re.search(r"\bcheck\(\"", cell.source):
                shown = [output.data["text/plain"] for output in cell.outputs if "data" in output]
                assert [text for text in shown if text.startswith(outcome)], cell.source
