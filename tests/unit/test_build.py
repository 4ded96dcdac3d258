import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course import build
from course.editions import Edition, editions, ends_in_semicolon, read_cells
from course.execution import WIDGET_VIEW, clean_environment, execute
from course.lessons import code_cells, split_exercise
from course.outline import Outline, parse_outline
from course.problem import Problem
from course.sanitizing import same_outputs, sanitized

SAMPLE = Path(__file__).parent / "samples" / "00-sample.md"
OBJECTIVES = (
    "[{{id: {0}1, text: do one}}, {{id: {0}2, text: do two}}, {{id: {0}3, text: do three}}]"
)
LESSON = """
      - id: {0}
        title: {1}
        minutes: 20
        status: {2}
        prerequisites: {3}
        objectives: {4}
        topics: []
"""


def outline(second: str = "planned") -> Outline:
    lessons = LESSON.format("sample", "A sample lesson", "ready", "[]", OBJECTIVES.format("a"))
    lessons += LESSON.format("other", "Another", second, "[sample]", OBJECTIVES.format("b"))
    return parse_outline(f"modules:\n  - id: m\n    title: M\n    lessons:{lessons}")


class Room:
    """A lesson's source and the two folders its editions go to, outside the course."""

    def __init__(self, folder: Path) -> None:
        self.sources, self.open, self.solved = (
            folder / name for name in ("lessons", "notebooks", "instructor")
        )
        self.sources.mkdir()
        self.source = self.sources / "00-sample.md"
        self.source.write_text(SAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
        self.outline = outline()

    def change(self, old: str, new: str) -> None:
        text = self.source.read_text(encoding="utf-8")
        assert old in text
        self.source.write_text(text.replace(old, new), encoding="utf-8")

    def editions(self) -> tuple[Edition, Edition]:
        lesson = self.outline.lesson(0)
        return editions(lesson, self.outline, self.sources, self.open, self.solved)

    def line(self, text: str) -> int:
        lines = self.source.read_text(encoding="utf-8").split("\n")
        return next(place for place, line in enumerate(lines, 1) if text in line)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Edition, Edition]:
    made = Room(tmp_path_factory.mktemp("built")).editions()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        for edition in made:
            execute(edition)
            build.store(edition)
    return made


def markdown(edition: Edition) -> str:
    return "\n\n".join(c.source for c in edition.notebook.cells if c.cell_type == "markdown")


def code(edition: Edition) -> list[str]:
    return [c.source for c in edition.notebook.cells if c.cell_type == "code"]


def outputs(edition: Edition, containing: str) -> list[Any]:
    (cell,) = (c for c in edition.notebook.cells if containing in c.source and "outputs" in c)
    return list(cell.outputs)


def test_facts_are_filled_in_by_role(room: Room) -> None:
    text = markdown(room.editions()[0])
    assert "A function stops after 3 seconds by default; the number alone is 900." in text
    assert "Elsewhere it is 60 minutes (reported, not confirmed), and layers go" in text
    assert "with .zip files only.\n" in text
    assert "The log group is `/aws/lambda/<function name>`." in text
    assert "> The memory is 128 MB." in text


def test_fences_that_are_not_directives_stay_as_they_are(room: Room) -> None:
    text = markdown(room.editions()[0])
    assert 'text = "{fact}`timeout.default_s`"' in text
    assert "```mermaid\nflowchart LR" in text


def test_admonitions_become_block_quotes(room: Room) -> None:
    quote = "> **On AWS**\n>\n> The memory is 128 MB.\n>\n> - a list"
    assert quote in markdown(room.editions()[0])


def test_every_fact_used_stands_with_its_source_and_date_at_the_end(room: Room) -> None:
    last = room.editions()[0].notebook.cells[-1].source
    assert last.startswith("<details>\n<summary>Where the numbers come from</summary>")
    for reference in ("timeout.default_s", "layers.zip_only", "memory.default_mb"):
        assert f"\n- `{reference}`: **" in last
    assert "Source: botocore 1.44.5 service model lambda/2015-03-31 (checked 2026-11-17)." in last
    assert (
        "](https://docs.cloud.google.com/functions/quotas) (checked 2026, low confidence)." in last
    )


def test_a_fact_used_in_code_is_among_the_sources_too(room: Room) -> None:
    room.change("import os\n", 'import os\nfrom labsupport.facts import fact\nfact("layers.max")\n')
    assert (
        "\n- `layers.max`: **5 layers**. Per function. Source: "
        in room.editions()[0].notebook.cells[-1].source
    )


def test_the_header_and_the_pointer_come_from_the_outline(room: Room) -> None:
    text = markdown(room.editions()[0])
    assert "After this lesson you can\n\n- do one\n- do two\n- do three\n\n*20 minutes*" in text
    assert "**Next:** 01 Another (planned)." in text
    room.outline = outline(second="ready")
    assert "**Next:** [01 Another](01-another.ipynb)." not in markdown(room.editions()[0])
    assert "**Next:** [01 Another](01-other.ipynb)." in markdown(room.editions()[0])


def test_the_learner_s_edition_has_the_stub_and_no_solution(room: Room) -> None:
    (cell,) = (each for each in code(room.editions()[0]) if "def add" in each)
    assert cell == ("# Add two numbers.\ndef add(a, b):\n    # your line\n    ...\n\nadd(2, 3)")


def test_the_solved_edition_has_the_solution_and_no_stub(room: Room) -> None:
    solved = room.editions()[1]
    (cell,) = (each for each in code(solved) if "def add" in each)
    assert cell == "# Add two numbers.\ndef add(a, b):\n    return a + b\n\nadd(2, 3)"
    assert "*Solved edition, for instructors.*" in markdown(solved)


def test_both_editions_are_valid_notebooks_with_the_same_stable_ids(room: Room) -> None:
    first, again = room.editions(), room.editions()
    for edition in first:
        nbformat.validate(edition.notebook)
    ids = [[cell.id for cell in each.notebook.cells] for each in (*first, *again)]
    assert ids[0] == ids[1] == ids[2] == ids[3]
    room.change("What the build has to cope with", "A new lead")
    changed = [cell.id for cell in room.editions()[0].notebook.cells]
    assert sum(one != other for one, other in zip(ids[0], changed, strict=True)) == 1


def test_lines_in_messages_are_those_of_the_source(room: Room) -> None:
    for cell in read_cells(room.source):
        first = cell.text.split("\n")[0]
        assert room.source.read_text(encoding="utf-8").split("\n")[cell.line - 1] == first


@pytest.mark.parametrize(
    "source",
    [SAMPLE, *sorted(Path(build.__file__).parent.glob("lessons/*.md"))],
    ids=lambda path: path.name,
)
def test_learners_kernels_read_the_same_cells_as_the_build(source: Path) -> None:
    ours = [(cell.code, cell.tags) for cell in code_cells(source.read_text(encoding="utf-8"))]
    theirs = [(c.text, c.tags) for c in read_cells(source) if c.kind == "code"]
    assert ours == theirs


MISTAKES: list[tuple[str, str, str, str]] = [
    ("{fact}`timeout.default_s` by", "{fact}`timeout.defalt_s` by", "A function stops",
     "There is no fact 'timeout.defalt_s'; did you mean timeout.default_s"),
    ("{reported}`gcf", "{fact}`gcf", "Elsewhere",
     "gcf.gen2.timeout_event_min is of low confidence: write {reported}`gcf.gen2"),
    ("{value}`timeout.max_s`", "{reported}`timeout.max_s`", "A function stops",
     "timeout.max_s is well confirmed: write {fact}`timeout.max_s`"),
    ("{fact}`memory", "{fakt}`memory", "The memory", "there is no role {fakt}; there are fact,"),
    ("{cite}`layers.zip_only`", "{fact}`layers.zip_only`", "Elsewhere",
     "layers.zip_only is true or false: say it in words"),
    ("```{admonition}", "```{warning}", "On AWS", "there is no directive {warning}."),
    ("    # stub\n    #: # your line\n    #: ...\n", "", "# Add two", "there is no line `# stub`"),
    ("    #: # your line\n    #: ...\n", "", "# Add two", "the exercise has no stub"),
    ("    #: ...\n", "    ...\n", "# Add two", "the stub line '...' must begin with `#: `"),
    ("    # solution\n", "    # solution\n    # solution\n", "# Add two",
     "there are 2 lines `# solution`"),
    ("    # end\n", "", "# Add two", "there is no line `# end`"),
    (":tags: [exercise]\n\n", "", "# Add two", "a cell with a solution needs the tag exercise"),
    ("add(2, 3)\n", "add(2, 3);  # quiet\n", "# Add two", "a code cell must not end in a"),
    ("    accDescr: A leads to B.\n", "", "```mermaid", "a diagram needs an accDescr line"),
    ("In words: A", "## Words\n\nIn words: A", "```mermaid", "a diagram needs a sentence after it"),
    ("In words:", "![](a.png) In words:", "In words", "an image needs alternative text"),
    ("# A sample lesson", "# Another title", "---", "a lesson has one H1, its title in"),
    ("```{lesson-header}\n```\n", "", "---", "a lesson has {lesson-header} exactly once"),
    ("```{next-lesson}\n```\n", "", "---", "a lesson has {next-lesson} exactly once"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "complaint"), MISTAKES)
def test_a_mistake_in_a_lesson_is_named_with_file_and_line(
    room: Room, old: str, new: str, where: str, complaint: str
) -> None:
    room.change(old, new)
    with pytest.raises(Problem) as caught:
        room.editions()
    assert f"00-sample.md, line {room.line(where)}: {complaint}" in str(caught.value)


def test_all_mistakes_of_a_lesson_are_named_at_once(room: Room) -> None:
    room.change("{fact}`memory", "{fakt}`memory")
    room.change("{reported}`gcf", "{fact}`gcf")
    with pytest.raises(Problem) as caught:
        room.editions()
    assert len(str(caught.value).splitlines()) == 2


def test_a_ready_lesson_without_a_source_says_what_to_do(room: Room) -> None:
    room.source.unlink()
    with pytest.raises(Problem, match=r"write 00-sample\.md, or mark the lesson as planned"):
        room.editions()


def test_every_cell_is_executed_in_order_and_outputs_are_clean(
    built: tuple[Edition, Edition],
) -> None:
    for edition in built:
        cells = [cell for cell in edition.notebook.cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
        assert all("execution" not in cell.metadata for cell in cells)
        assert "widgets" not in edition.notebook.metadata
        assert "version" not in edition.notebook.metadata["language_info"]
        assert WIDGET_VIEW not in json.dumps(edition.notebook)


def test_a_widget_leaves_its_text_behind(built: tuple[Edition, Edition]) -> None:
    (output,) = outputs(built[0], "IntSlider")
    assert output.data["text/plain"] == "IntSlider(value=3)"


def test_lessons_see_no_aws_account_of_the_person_who_builds(
    built: tuple[Edition, Edition], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert outputs(built[0], "os.environ")[0].text.startswith("[] ")
    monkeypatch.setenv("AWS_PROFILE", "work")
    cleaned = clean_environment(tmp_path)
    assert not [name for name in cleaned if name.startswith("AWS_")]
    assert cleaned["COURSE_PROGRESS"].startswith(str(tmp_path))


def test_a_cell_announced_to_fail_keeps_its_error_without_paths_of_this_machine(
    built: tuple[Edition, Edition],
) -> None:
    (error,) = outputs(built[0], 'json.loads("{")')
    assert error.ename == "JSONDecodeError"
    assert "    … in the libraries …" in error.traceback
    assert "decoder.py" not in "".join(error.traceback)


def test_exercises_show_the_solution_s_result_in_the_solved_edition_only(
    built: tuple[Edition, Edition],
) -> None:
    assert outputs(built[0], "def add") == []
    assert outputs(built[1], "def add")[0].data["text/plain"] == "5"


def test_figures_are_the_same_in_every_run(built: tuple[Edition, Edition]) -> None:
    one, other = (outputs(edition, "plt.subplots")[-1].data["image/png"] for edition in built)
    assert one == other


def test_rebuilding_an_unchanged_lesson_leaves_its_files_alone(
    built: tuple[Edition, Edition], tmp_path: Path
) -> None:
    stored = built[0].path.read_bytes()
    again = Room(tmp_path).editions()[0]
    execute(again)
    rebuilt = Edition(built[0].path, again.notebook, again.lines)
    assert outputs(rebuilt, "uuid4") != outputs(built[0], "uuid4")
    assert build.store(rebuilt) is False
    assert built[0].path.read_bytes() == stored


def test_a_changed_output_is_written(built: tuple[Edition, Edition], tmp_path: Path) -> None:
    path = tmp_path / "copy.ipynb"
    path.write_bytes(built[0].path.read_bytes())
    notebook = build.read_notebook(path)
    (cell,) = (cell for cell in notebook.cells if "os.environ" in cell.source)
    cell.outputs[0].text = "something else\n"
    assert build.store(Edition(path, notebook, {})) is True
    assert "something else" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "where", "complaint"),
    [
        ("add(2, 3)", "add(2, 3)\n1 / 0", "# Add two", "ZeroDivisionError: division by zero"),
        ('json.loads("{")', 'json.loads("{}")', "import json", "has the tag raises-exception but"),
        ("add(2, 3)", "import os; os._exit(1)", "# Add two", "ended the kernel"),
        ("add(2, 3)", "import time; time.sleep(60)", "# Add two", "was still running after 5 sec"),
        (
            "add(2, 3)",
            "print(os.path.expanduser('~'))",
            "# Add two",
            "shows a path of this machine",
        ),
    ],
)
def test_a_cell_that_fails_stops_the_build_and_is_named(
    room: Room, old: str, new: str, where: str, complaint: str
) -> None:
    room.change(old, new)
    line = room.line(where)
    edition = room.editions()[0]
    with pytest.raises(Problem) as caught:
        execute(edition, cell_timeout_s=5)
    assert f"the cell from line {line} of the lesson: {complaint}" in str(caught.value)
    assert not edition.path.exists()


Check = Callable[[], list[str]]


@pytest.fixture
def stored(room: Room, monkeypatch: pytest.MonkeyPatch) -> Check:
    for edition in room.editions():
        build.store(edition)
    monkeypatch.setattr(build, "editions", lambda *_: room.editions())
    monkeypatch.setattr(build, "NOTEBOOKS", room.open)
    monkeypatch.setattr(build, "INSTRUCTOR", room.solved)
    return lambda: build.disagreements([room.outline.lesson(0)], room.outline)


def test_sources_and_notebooks_agree_after_a_build(stored: Check) -> None:
    assert stored() == []


def test_a_changed_source_is_noticed_in_both_editions(stored: Check, room: Room) -> None:
    room.change("What the build has to cope with", "A new lead")
    assert stored() == [
        "notebooks/00-sample.ipynb differs from its source in cell 1.",
        "instructor/00-sample.ipynb differs from its source in cell 1.",
    ]


def test_a_notebook_edited_by_hand_is_noticed(stored: Check, room: Room) -> None:
    path = room.open / "00-sample.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append(nbformat.v4.new_markdown_cell("More."))
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert len(stored()) == 1
    path.write_text("{", encoding="utf-8")
    assert "00-sample.ipynb cannot be read as a notebook" in stored()[0]
    path.unlink()
    assert stored() == ["notebooks/00-sample.ipynb is not built."]


def test_a_notebook_without_a_lesson_is_noticed(stored: Check, room: Room) -> None:
    (room.open / "77-stray.ipynb").write_text("{}", encoding="utf-8")
    assert stored() == ["77-stray.ipynb in notebooks/ has no lesson."]


def test_the_check_exits_with_1_when_sources_and_notebooks_disagree(
    stored: Check, room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "load_outline", lambda: room.outline)
    assert build.main(["--check"]) == 0
    assert "agree" in capsys.readouterr().out
    room.change("What the build has to cope with", "A new lead")
    assert build.main(["--check"]) == 1
    assert "Run python3 -m course build." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [("01", "Lesson 01 is planned"), ("77", "There is no lesson '77'"), ("../x", "There is no")],
)
def test_a_lesson_that_cannot_be_built_is_refused_in_a_sentence(
    argument: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(build, "load_outline", outline)
    assert build.main([argument]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a 8b0df0a1-11c2-4c5e-9d3b-0a1b2c3d4e5f", "a 00000000-0000-4000-8000-000000000000", True),
        ("http://127.0.0.1:39193/", "http://127.0.0.1:5000/", True),
        ("http://127.0.0.1:39193/a", "http://127.0.0.1:39193/b", False),
        ("Duration: 2.28 ms\tBilled Duration: 3 ms", "Duration: 9 ms\tBilled Duration: 9 ms", True),
        ("Duration: 2.28 ms\tInit Duration: 9 ms", "Duration: 2.28 ms", False),
        ("Max Memory Used: 14 MB", "Max Memory Used: 2 MB", True),
        ("Memory Size: 128 MB", "Memory Size: 256 MB", False),
        ("took 12 ms", "took 13 ms", False),
        ("2026-11-21T03:36:51.123Z", "2026-11-22T04:00:00Z", True),
        ("2026-11-21", "2026-11-22", False),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7OTHERKEY", True),
        ("2026/11/21/[$LATEST]" + "a" * 32, "2026/11/22/[$LATEST]" + "b" * 32, True),
        ("2026/11/21/[$LATEST]" + "a" * 32, "2026/11/22/[7]" + "b" * 32, False),
        ("  Region           us-east-1", "  Region           eu-west-1", False),
        ("  Isolation        namespaces\n  x", "  Isolation        folders\n  x", True),
        ("  Isolation        namespaces\n  x", "  Isolation        folders\n  y", False),
    ],
)  # fmt: skip
def test_only_what_changes_with_every_run_is_left_out_of_the_comparison(
    one: str, other: str, same: bool
) -> None:
    assert (sanitized(one) == sanitized(other)) is same


def test_nbval_reads_the_same_patterns_as_the_build() -> None:
    from nbval.plugin import get_sanitize_patterns

    from course.sanitizing import SANITIZE_FILE, patterns

    theirs = get_sanitize_patterns(SANITIZE_FILE.read_text(encoding="utf-8"))
    assert [(pattern.pattern, replacement) for pattern, replacement in patterns()] == theirs
    assert len(theirs) > 5


def test_outputs_are_compared_by_execution_count_too() -> None:
    def notebook(count: int) -> Any:
        cell = nbformat.v4.new_code_cell("1", execution_count=count)
        return nbformat.v4.new_notebook(cells=[cell])

    assert same_outputs(notebook(1), notebook(1))
    assert not same_outputs(notebook(1), notebook(2))


@pytest.mark.parametrize(
    ("text", "ends"),
    [("a = 1;", True), ("a = 1; # b", True), ("a; b", False), ("a  # b;", False), ("", False)],
)
def test_a_trailing_semicolon_is_found_behind_comments(text: str, ends: bool) -> None:
    assert ends_in_semicolon(text) is ends


def test_markers_of_an_exercise_may_be_indented() -> None:
    exercise = split_exercise(
        "if x:\n    # solution\n    y\n    # stub\n    #: z\n    # end\n", "here"
    )
    assert exercise.solved == "if x:\n    y\n"
    assert exercise.open == "if x:\n    z\n"
    assert not re.search("solution|stub|end", exercise.open)
