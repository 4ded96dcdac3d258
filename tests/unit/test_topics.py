import re
from pathlib import Path

import pytest

from course import topics as command
from course.outline import ROOT, Lesson, load_outline
from course.problem import Problem
from course.topics import load_topics

LESSONS = {lesson.id: lesson for lesson in load_outline().lessons}
READY = [lesson for lesson in LESSONS.values() if lesson.ready]


def headings_of(lesson: Lesson) -> set[str]:
    source = (ROOT / "course" / "lessons" / f"{lesson.stem}.md").read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1`*$", "", source, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^#{1,4} (.+?)\s*$", prose, flags=re.MULTILINE))


def test_every_topic_of_the_catalogue_is_taught_in_some_lesson_and_no_other_is_named() -> None:
    taught = {topic for lesson in LESSONS.values() for topic in lesson.topics}
    assert taught == set(load_topics().catalogue)


def test_every_ready_lesson_says_under_which_headings_it_teaches() -> None:
    assert {lesson.id for lesson in READY} <= set(load_topics().headings) <= set(LESSONS)


@pytest.mark.parametrize("lesson", load_topics().headings)
def test_a_lesson_teaches_each_of_its_topics_under_some_heading(lesson: str) -> None:
    own = load_topics().headings[lesson]
    assert {topic for topics in own.values() for topic in topics} == set(LESSONS[lesson].topics)


@pytest.mark.parametrize("lesson", READY, ids=lambda lesson: lesson.id)
def test_the_headings_of_a_ready_lesson_are_in_it(lesson: Lesson) -> None:
    assert set(load_topics().headings.get(lesson.id, {})) <= headings_of(lesson)


def test_a_topic_is_listed_with_lesson_and_headings(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["17.03"]) == 0
    assert "11 Quotas: Ask for more · How old is a number?" in capsys.readouterr().out


def test_all_topics_are_listed_where_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    command.main([])
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert list(dict.fromkeys(listed)) == list(load_topics().catalogue)


def test_a_number_that_the_catalogue_has_not_is_one_sentence() -> None:
    with pytest.raises(Problem, match=r"^The catalogue has no topic 99\.01\.$"):
        command.main(["99.01"])


def test_a_file_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "topics.yml"
    path.write_text("catalogue: {1: 2}\nheadings: {first: {Start: [1.01]}}\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"topics\.yml cannot be read: the topic 1\.01 must be in"):
        load_topics(path)
