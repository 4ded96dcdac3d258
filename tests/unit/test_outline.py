import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from course import course_map
from course.map import CourseMap
from course.outline import OUTLINE, load_outline, parse_outline
from course.problem import Problem

ORDER = [
    "start-here",
    "why-serverless",
    "first-function",
    "handlers",
    "execution-environments",
    "permissions",
    "invocation-types",
    "event-sources",
    "event-source-mappings",
    "schedules",
    "packaging-and-layers",
    "quotas",
    "concurrency-and-scaling",
    "observability",
    "pricing",
    "power-tuning",
    "choosing",
    "orchestration",
    "photomart",
    "best-practices",
    "review-and-exam",
]

SMALL = """\
modules:
  - id: start
    title: Start
    lessons:
      - id: first
        title: First steps
        minutes: 20
        status: ready
        prerequisites: []
        objectives:
          - {id: one, text: do one}
          - {id: two, text: do two}
          - {id: three, text: do three}
        topics: ["1.01-1.03", "2.05"]
"""
SECOND = """\
      - id: second
        title: Second <steps> & more
        minutes: 20
        status: planned
        prerequisites: [first]
        objectives:
          - {id: four, text: do four}
          - {id: five, text: do five}
          - {id: six, text: do six}
        topics: []
"""


def test_the_lessons_stand_in_the_order_of_the_design() -> None:
    lessons = load_outline().lessons
    assert [lesson.id for lesson in lessons] == ORDER
    assert [lesson.number for lesson in lessons] == list(range(21))


def test_the_minutes_fit_a_course_of_two_to_sixteen_taught_hours_and_a_few_alone() -> None:
    minutes = [lesson.minutes for lesson in load_outline().lessons]
    assert all(10 <= each <= 120 for each in minutes)
    assert 10 * 60 <= sum(minutes) <= 20 * 60


@pytest.mark.parametrize("key", [2, "2", "02", "first-function", "02-your-first-function"])
def test_a_lesson_is_found_by_number_id_and_file_name(key: str | int) -> None:
    assert load_outline().lesson(key).title == "Your first function"


def test_an_unknown_lesson_is_answered_with_ids_that_look_alike() -> None:
    with pytest.raises(Problem, match="no lesson 'first-funktion'; did you mean first-function"):
        load_outline().lesson("first-funktion")


def test_ranges_of_topics_are_spelled_out() -> None:
    assert parse_outline(SMALL).lessons[0].topics == ("1.01", "1.02", "1.03", "2.05")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("minutes: 20", "minutes: soon", "line 5: this lesson needs 'minutes' as a whole number"),
        ("minutes: 20", "minutes: 0", "line 5: the minutes of first must be a positive number"),
        ("status: ready", "status: draft", "line 5: the status of first must be ready or planned"),
        ("        title: First steps\n", "", "line 5: this lesson needs 'title' as text"),
        ("prerequisites: []", "prerequisites: [zero]", "line 5: the prerequisite 'zero' of first"),
        ("id: two", "id: one", "line 12: the objective id 'one' must be kebab-case and used once"),
        ("          - {id: three, text: do three}\n", "", "line 5: first needs three or four"),
        ('"2.05"', "2.05", "line 5: the topic 2.05 must be in quotes"),
        ("1.01-1.03", "1.01-2.03", "line 5: the topics 1.01-2.03 must begin and end in the same"),
        ("id: start", "id: start\n    colour: red", "line 2: this module has the unknown field"),
        ("modules:", "moduls:", "line 1: the outline is a map with a list of modules"),
        ("id: first", "id: [first", "line 6: "),
        (
            SMALL,
            SMALL + SECOND.replace("second", "first"),
            "line 15: the lesson id 'first' must be",
        ),
    ],
)
def test_a_mistake_in_the_outline_is_named_with_its_line(
    old: str, new: str, complaint: str
) -> None:
    with pytest.raises(Problem) as caught:
        parse_outline(SMALL.replace(old, new))
    assert f"outline.yml, {complaint}" in str(caught.value)


def test_the_map_shows_every_lesson_and_says_which_are_planned() -> None:
    drawn = course_map()
    text, html = repr(drawn), drawn._repr_html_()
    for lesson in load_outline().lessons:
        assert lesson.title in text
        assert f"{lesson.label} · " in html
    planned = sum(not lesson.ready for lesson in load_outline().lessons)
    assert text.count("planned") == html.count(">planned<") == planned


def test_the_map_links_ready_lessons_only() -> None:
    html = CourseMap(parse_outline(SMALL + SECOND))._repr_html_()
    assert '<a href="00-first.ipynb">First steps</a>' in html
    assert "01 · Second &lt;steps&gt; &amp; more (20 min" in html
    assert html.count("<a ") == 1


def test_the_map_is_the_same_every_time() -> None:
    assert course_map()._repr_html_() == course_map()._repr_html_()


def test_the_outline_names_no_file_twice() -> None:
    stems = [lesson.stem for lesson in load_outline(Path(OUTLINE)).lessons]
    assert len(stems) == len(set(stems))


def test_every_question_of_a_quiz_tests_an_objective_of_its_lesson() -> None:
    for path in sorted((OUTLINE.parent.parent / "quizzes" / "bank").glob("[0-9]*.yml")):
        quiz = yaml.safe_load(path.read_text(encoding="utf-8"))
        lesson = load_outline().lesson(quiz["quiz"])
        assert path.stem.startswith(f"{lesson.label}-")
        objectives = {objective.id for objective in lesson.objectives}
        for question in quiz.get("questions", []):
            assert question["objective"] in objectives, question["id"]


def test_importing_the_package_needs_the_standard_library_alone() -> None:
    command = [sys.executable, "-S", "-c", "import course; print('check' in course.__all__)"]
    done = subprocess.run(
        command, cwd=OUTLINE.parent.parent, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stderr, done.stdout) == ("", "True\n")
