"""Mistakes in a bank are named with file, line and what to do; the course's own bank has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.requirements import ROOT
from labsupport.facts import fact
from quizzes import load_bank
from quizzes.__main__ import main
from quizzes.complaints import KINDS
from quizzes.loading import UnknownQuestion, UnknownQuiz, check_facts, load_quiz
from quizzes.model import Multiple, Single
from quizzes.source import BankError
from tests.unit.sample_quiz import SAMPLE, write_bank

OPTIONS_OF_MULTIPLE = "options:\n      a: {"


def changed(before: str, after: str, text: str = SAMPLE) -> str:
    """The sample with one thing in it replaced."""
    assert before in text
    return text.replace(before, after, 1)


# What is wrong: the file's text, what stands on the line to be named, words of the message.
MISTAKES = {
    "indentation": (changed("  - id: sample-si", "   - id: sample-si"), "kind: single", "YAML"),
    "colon in text": (changed("text: third,", "text: th: ird,"), "th: ird", "quotes"),
    "tab": (changed("    kind: numeric", "\tkind: numeric"), "\tkind", "YAML"),
    "key twice": (
        changed('"No"\n', '"No"\n        text: Yes\n'),
        "text: Yes",
        "`text` stands here a second time",
    ),
    "no prompt": (
        changed("    prompt: Which hold?\n", ""),
        "- id: sample-multiple",
        "`prompt` is missing",
    ),
    "no reason": (
        changed("        reason: REASON-C is another.\n", ""),
        "c:\n",
        "“sample-single”, option c: `reason` is missing",
    ),
    "empty reason": (
        changed("REASON-A is about *money*.", ""),
        "reason: \n",
        "`reason` is empty",
    ),
    "misspelt field": (changed("unit: s", "units: s"), "units: s", "There is no field `units`"),
    "unknown kind": (
        changed("kind: numeric", "kind: number"),
        "kind: number",
        "must be single, mul",
    ),
    "no kind": (changed("    kind: numeric\n", ""), "- id: sample-numeric", "`kind` is missing"),
    "no right option": (changed("        right: true\n", ""), "options:", "not 0"),
    "two right options": (changed('"No"\n', '"No"\n        right: yes\n'), "options:", "not 2"),
    "no wrong option": (
        changed("second,", "second, right: true,", changed("fourth,", "fourth, right: true,")),
        OPTIONS_OF_MULTIPLE,
        "at least one without",
    ),
    "letters out of order": (
        changed("      b: {text: second", "      e: {text: second"),
        OPTIONS_OF_MULTIPLE,
        "must be lettered a, b, c, d",
    ),
    "options as a list": (
        SAMPLE[: SAMPLE.index("      a: {text")] + "      - {text: first, reason: So.}\n",
        "options:\n      -",
        "`options` must have fields",
    ),
    "right in other words": (
        changed("right: true\n", "right: surely\n"),
        "right: surely",
        "`right` must be true or false",
    ),
    "same options": (changed("text: second", "text: first"), OPTIONS_OF_MULTIPLE, "say the same"),
    "id with spaces": (
        changed("id: sample-single", "id: Sample 1"),
        "id: Sample 1",
        "`id` must be small letters",
    ),
    "id taken": (
        changed("id: sample-multiple", "id: sample-single # again"),
        "# again",
        "taken by 08-sample.yml, line 6",
    ),
    "lesson in words": (changed("lesson: 08", "lesson: eight"), "lesson: eight", "two digits"),
    "name of file": (changed("quiz: sample", "quiz: simple"), "quiz: simple", "08-simple.yml"),
    "two answers": (changed("    unit: s", "    answer: 3"), "- id: sample-numeric", "give one"),
    "no answer": (
        changed("    answer_fact: timeout.default_s\n", ""),
        "- id: sample-numeric",
        "give one",
    ),
    "mistake no number": (changed("value: 900", "value: many"), "value: many", "must be a number"),
    "mistake is right": (
        changed("answer_fact: timeout.default_s", "answer: 900"),
        "- id: sample-numeric",
        "would be right",
    ),
    "tolerance": (changed("    unit: s", "    tolerance: some"), "tolerance: some", "5%"),
    "no questions": (
        changed(SAMPLE[SAMPLE.index("questions:") :], "questions: []\n"),
        "questions:",
        "`questions` is empty",
    ),
    "no fields": ("just text\n", "just", "begins with `quiz:`"),
    "nothing": ("", "", "begins with `quiz:`"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, mistake: str) -> None:
    text, where, words = MISTAKES[mistake]
    line = text[: text.index(where)].count("\n") + 1
    with pytest.raises(BankError) as caught:
        load_bank(write_bank(tmp_path, text))
    (problem, *others) = caught.value.problems
    assert not others
    assert str(problem).startswith(f"{tmp_path / '08-sample.yml'}, line {line}: ")
    assert words in problem.message
    assert problem.message.endswith(".")


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = SAMPLE.replace("reason: REASON-N.", "").replace("REASON-MD.", '""')
    write_bank(tmp_path, text)
    write_bank(tmp_path, "nothing", "09-other.yml")
    with pytest.raises(BankError) as caught:
        load_bank(tmp_path)
    assert len(caught.value.problems) == 3


def test_bank_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "08-sample.yml").write_bytes(b"\xff\xfe quiz")
    with pytest.raises(BankError, match="UTF-8"):
        load_bank(tmp_path)


def test_alias_that_contains_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="line 1: An alias contains itself"):
        load_bank(write_bank(tmp_path, "quiz: &a [*a]\n"))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("{fact}`timeout.default_s`", "{fact}`timeout.defalt_s`", "did you mean"),
        ("{fact}`timeout.default_s`", "{fact}`memory.visible_vcpus`", "{reported}"),
        ("answer_fact: timeout.default_s", "answer_fact: naming.family", "holds no number"),
        ("    unit: s", "    facts: [no.such_fact]", "no.such_fact"),
    ],
)
def test_fact_that_cannot_be_used_is_named(
    tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert fact("memory.visible_vcpus").confidence == "low"
    write_bank(tmp_path, SAMPLE.replace(before, after))
    with pytest.raises(BankError) as caught:
        check_facts(tmp_path)
    assert words in str(caught.value)
    assert "08-sample.yml, line " in str(caught.value)


def test_command_names_mistakes_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write_bank(tmp_path))]) == 0
    write_bank(tmp_path, SAMPLE.replace("kind: numeric", "kind: number"))
    assert main([str(tmp_path)]) == 1
    assert "08-sample.yml, line " in capsys.readouterr().err


def test_unknown_names_are_answered_with_those_there_are(tmp_path: Path) -> None:
    write_bank(tmp_path)
    with pytest.raises(UnknownQuiz, match=r"no quiz “simple”; .*: sample\. Did you mean “sample”"):
        load_quiz("simple", tmp_path)
    with pytest.raises(UnknownQuestion, match="did you mean sample-single"):
        load_bank(tmp_path)["sample-sngle"]


def test_an_unknown_quiz_of_the_course_is_one_sentence() -> None:
    from quizzes import checkpoint

    with pytest.raises(KeyError) as caught:
        checkpoint("first-functoin")
    assert "first-function" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scalars_are_read_as_their_author_wrote_them(tmp_path: Path) -> None:
    quiz = load_quiz("sample", write_bank(tmp_path))
    assert quiz.lesson == "08"
    assert isinstance(quiz.questions[0], Single)
    assert quiz.questions[0].options["c"].text == "No"


def test_facts_of_a_question_are_listed_once(tmp_path: Path) -> None:
    bank = load_bank(write_bank(tmp_path))
    assert bank["sample-single"].fact_ids() == ["timeout.default_s"]
    assert bank["sample-numeric"].fact_ids() == ["timeout.default_s"]


def test_the_courses_bank_is_well_formed_and_its_facts_usable() -> None:
    assert len(load_bank()) > 0
    check_facts()


@pytest.mark.parametrize("seed", range(5))
def test_each_question_of_the_course_has_the_answer_it_claims(seed: int) -> None:
    for question in load_bank().values():
        one = question.instance(seed)
        answer = one.right_answer()
        if answer is not None:
            assert (one.id, one.grade(answer).outcome) == (one.id, "right")


def test_each_wrong_answer_of_the_course_is_wrong() -> None:
    for question in load_bank().values():
        if isinstance(question, Multiple):
            assert question.grade(list(question.options)).score < 1
        elif isinstance(question, Single):
            outcomes = [question.grade(letter).outcome for letter in question.options]
            assert sorted(outcomes) == ["right"] + ["wrong"] * (len(outcomes) - 1)
        for mistake in getattr(question.instance(), "mistakes", ()):
            grade = question.grade(mistake.value)
            assert (question.id, grade.outcome) == (question.id, "wrong")
            assert mistake.reason in grade.feedback


def test_each_question_tests_an_objective_of_its_lesson() -> None:
    import yaml

    outline = yaml.safe_load((ROOT / "course" / "outline.yml").read_text(encoding="utf-8"))
    lessons = [lesson for module in outline["modules"] for lesson in module["lessons"]]
    for quiz in load_bank().quizzes.values():
        objectives = {each["id"] for each in lessons[int(quiz.lesson)]["objectives"]}
        assert {question.objective for question in quiz.every()} <= objectives
    known = {each["id"] for lesson in lessons for each in lesson["objectives"]}
    assert {question.objective for question in load_bank().values()} <= known


def test_first_function_has_a_question_of_every_kind() -> None:
    kinds = {question.kind for question in load_bank().quizzes["first-function"].questions}
    assert kinds == {each.strip() for each in KINDS.replace(" or ", ", ").split(",")}
