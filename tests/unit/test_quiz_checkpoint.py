"""A checkpoint shows its questions anywhere, its answers when they are due, and saves them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import quizzes
from course.requirements import ROOT
from quizzes import loading, quiz, store
from quizzes.grading import Grade
from quizzes.loading import UnknownQuestion, load_bank, load_quiz
from quizzes.markup import fill, to_html, to_inline_html, to_text
from quizzes.quiz import Checkpoint, checkpoint
from quizzes.widget import QuizWidget, script
from tests.unit.sample_quiz import SAMPLE, write_bank

KEY = ("REASON", "OTHERWISE", "MISTAKE", "right: true", "answer_fact")


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    monkeypatch.setattr(quiz, "_open", {})
    monkeypatch.setattr(store, "_stores", {})


@pytest.fixture
def sample(tmp_path: Path) -> Checkpoint:
    return Checkpoint(load_quiz("sample", write_bank(tmp_path / "bank")))


def after_restart(checkpoint: Checkpoint) -> Checkpoint:
    """The same quiz as another kernel shows it."""
    store._stores.clear()
    return Checkpoint(checkpoint.quiz)


def synced(widget: QuizWidget) -> str:
    """Everything the page knows about a quiz, as text."""
    return json.dumps(widget.get_state(), default=str)


def ask(widget: QuizWidget, **content: Any) -> None:
    """Send the widget what a page sends."""
    widget._handle_custom_msg(content, [])


# Answering in Python


def test_answer_by_number_or_id_gives_its_grade(sample: Checkpoint) -> None:
    assert sample.answer(1, "b").outcome == "right"
    assert sample.answer("sample-single", "a").outcome == "wrong"
    assert sample.answer(3, 3) == Grade("right", 1.0, "**Right.** REASON-N.")


@pytest.mark.parametrize("question", [0, 4, True, "nope", None, 1.5])
def test_unknown_question_is_answered_with_those_there_are(
    sample: Checkpoint, question: Any
) -> None:
    with pytest.raises(UnknownQuestion, match="sample-single, sample-multiple, sample-numeric"):
        sample.answer(question, "a")


def test_answers_are_there_after_a_restart(sample: Checkpoint) -> None:
    sample.answer(1, "a")
    sample.answer(1, "b")
    sample.answer(2, ["c", "b", "a"])
    sample.answer(3, "3000 ms")
    again = after_restart(sample)
    assert {name: each.grade.outcome for name, each in again.answered.items()} == {
        "sample-single": "right",
        "sample-multiple": "partly",
        "sample-numeric": "right",
    }
    assert again.answered["sample-multiple"].answer == ["a", "b", "c"]
    assert again.summary().startswith("2 of 3 right · saved ")


@pytest.mark.parametrize("nothing", ["", None, "zz", [], object()])
def test_what_cannot_be_judged_is_not_saved(sample: Checkpoint, nothing: object) -> None:
    for number in (1, 2, 3):
        assert sample.answer(number, nothing).outcome == "not attempted"
    assert store.default_store().attempts() == []
    assert sample.summary() == "3 questions, none answered yet"


def test_answer_that_no_longer_fits_its_question_is_left_out(
    sample: Checkpoint, tmp_path: Path
) -> None:
    sample.answer(1, "c")
    shorter = SAMPLE.replace(
        SAMPLE[
            SAMPLE.index('      c:\n        text: "No"') : SAMPLE.index("  - id: sample-multiple")
        ],
        "\n",
    )
    again = Checkpoint(load_quiz("sample", write_bank(tmp_path / "bank", shorter)))
    assert again.answered == {}


def test_what_cannot_be_saved_is_graded_and_said(
    monkeypatch: pytest.MonkeyPatch, sample: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.db"))
    grade = sample.answer(1, "b")
    assert grade.outcome == "right"
    assert "Your progress is kept in memory only" in grade.feedback
    assert sample.summary() == "1 of 3 right"
    widget = sample.widget()
    assert "kept in memory only" in widget.notice
    ask(widget, type="check", question="sample-single", answer=["a"], token="1")
    assert "kept in memory only" in widget.states["sample-single"]["feedback"]


def test_notice_goes_once_progress_is_saved_again(
    monkeypatch: pytest.MonkeyPatch, sample: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.db"))
    sample.answer(1, "b")
    widget = sample.widget()
    (tmp_path / "file").unlink()
    sample.answer(3, "3")
    assert widget.notice == ""
    assert widget.summary.startswith("2 of 3 right · saved ")
    assert len(after_restart(sample).answered) == 2


def test_same_quiz_is_given_again_and_knows_other_kernels_answers() -> None:
    shown = checkpoint("first-function")
    question = shown.questions[0]
    other = store.Store(store.default_place())
    other.record("quiz", question.id, ["c"], "right", 1)
    assert question.id not in shown.answered
    assert checkpoint("first-function") is shown
    assert shown.answered[question.id].answer == ["c"]


def test_questions_changed_under_a_running_kernel_are_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bank = write_bank(tmp_path / "bank")
    monkeypatch.setattr(quiz, "load_quiz", lambda name: loading.load_quiz(name, bank))
    before = checkpoint("sample")
    assert checkpoint("sample") is before
    write_bank(bank, SAMPLE.replace("Which hold?", "Which of these hold?"))
    assert "Which of these hold?" in str(checkpoint("sample"))


# As text


class Tags(HTMLParser):
    """Collects the tags and attributes of a page, and whether tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def bundle(shown: Checkpoint) -> dict[str, Any]:
    return shown._repr_mimebundle_()[0]


def test_texts_are_the_same_whatever_was_answered(sample: Checkpoint) -> None:
    before = bundle(sample)
    sample.answer(1, "b")
    sample.answer(3, "4")
    assert bundle(sample) == before
    assert bundle(after_restart(sample)) == before


def test_texts_hold_the_questions_and_no_answers(sample: Checkpoint) -> None:
    sample.answer(1, "b")
    for text in bundle(sample).values():
        assert "Which hold?" in text
        assert "fourth" in text
        assert "3 seconds" in text
        assert not any(word in text for word in KEY)


def test_plain_text_fits_a_terminal_and_says_how_to_answer(sample: Checkpoint) -> None:
    text = repr(sample)
    assert text == bundle(sample)["text/plain"]
    assert max(map(len, text.splitlines())) <= 88
    assert '    quiz = checkpoint("sample")\n    quiz.answer(1, "b")' in text
    assert '       print("<b>&amp;")' in text
    assert "   c. No\n" in text


def test_html_text_is_whole_without_styles_scripts_or_headings(sample: Checkpoint) -> None:
    page = bundle(sample)["text/html"]
    tags = Tags(page)
    assert tags.open == []
    assert set(tags.found) <= {"p", "strong", "em", "br", "blockquote", "code", "pre", "span"}
    assert tags.attributes <= {"class"}
    assert "Run this cell to answer here." in page
    assert "&lt;img src=x" in page


def test_every_quiz_of_the_course_can_be_shown_as_text() -> None:
    for name, each in load_bank().quizzes.items():
        if not each.questions:
            continue
        data = bundle(checkpoint(name))
        assert Tags(data["text/html"]).open == []
        assert "Run this cell" in data["text/html"]
        assert not re.search(r"\{\w+\}`", data["text/plain"]), "a role is left over"


def test_outside_a_kernel_no_widget_is_made(sample: Checkpoint) -> None:
    assert bundle(sample).keys() == {"text/plain", "text/html"}


def test_grade_shows_itself_as_html_and_as_text() -> None:
    grade = Grade("wrong", 0.0, "**Not quite.** It is `x < y`.")
    assert grade._repr_html_() == "<p><strong>Not quite.</strong> It is <code>x &lt; y</code>.</p>"
    assert to_text(grade.feedback) == "Not quite. It is `x < y`."


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
        ("[x](javascript:alert(1))", 'href="#harmful-link"'),
        ("![x](https://example.com/x.png)", "<p>x</p>"),
        ("costs $1 or $2", "costs <span>$</span>1 or <span>$</span>2"),
        ("# Title", "<p><strong>Title</strong></p>"),
        ('"quoted" & such', "&quot;quoted&quot; &amp; such"),
    ],
)
def test_markdown_becomes_html_that_does_nothing(markdown: str, html: str) -> None:
    assert html in to_html(markdown)
    assert "<script" not in to_html(markdown)
    assert "<img" not in to_html(markdown)
    assert "javascript:" not in to_html(markdown)


def test_facts_are_filled_in_with_and_without_unit() -> None:
    assert fill("{fact}`memory.max_mb`, {value}`memory.max_mb`") == "10,240 MB, 10,240"
    assert to_inline_html(fill("after {fact}`timeout.default_s`")) == "after 3 seconds"


# The widget's half in the kernel


def test_page_learns_only_what_is_due(sample: Checkpoint) -> None:
    widget = sample.widget()
    assert not any(word in synced(widget) for word in KEY)
    ask(widget, type="check", question="sample-single", answer=["a"], token="1")
    assert "REASON-A" in synced(widget)
    assert not any(word in synced(widget) for word in ("REASON-B", "REASON-C", "REASON-M"))
    ask(widget, type="check", question="sample-multiple", answer=["a"], token="2")
    assert not any(f"REASON-M{letter}" in synced(widget) for letter in "BCD")
    ask(widget, type="check", question="sample-numeric", answer="5", token="3")
    assert "REASON-N" not in synced(widget)
    assert "MISTAKE" not in synced(widget)


def test_reasons_of_the_others_come_with_the_right_answer(sample: Checkpoint) -> None:
    widget = sample.widget()
    ask(widget, type="check", question="sample-single", answer=["b"], token="1")
    others = widget.states["sample-single"]["others"]
    assert "REASON-A" in others
    assert "REASON-C" in others
    assert "REASON-B" not in others


def test_key_is_in_none_of_the_files_a_page_loads() -> None:
    page = script()
    for question in load_bank().values():
        assert question.id not in page


def test_page_is_answered_with_words_and_its_token(sample: Checkpoint) -> None:
    widget = sample.widget()
    ask(widget, type="check", question="sample-single", answer=["a"], token="mine")
    state = widget.states["sample-single"]
    assert state["token"] == "mine"
    assert state["outcome"] == "wrong"
    assert state["feedback"].startswith("<p><strong>Not quite.</strong> REASON-A")
    assert widget.summary.startswith("0 of 3 right · saved ")
    assert after_restart(sample).answered["sample-single"].answer == ["a"]


def test_same_answer_checked_again_is_answered_again(sample: Checkpoint) -> None:
    widget = sample.widget()
    ask(widget, type="check", question="sample-single", answer=["a"], token="1")
    first = widget.states["sample-single"]
    ask(widget, type="check", question="sample-single", answer=["a"], token="2")
    assert widget.states["sample-single"]["serial"] > first["serial"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"type": "check"},
        {"type": "check", "question": "nope", "answer": ["a"]},
        {"type": "check", "question": ["sample-single"], "answer": ["a"]},
        {"type": "other", "question": "sample-single", "answer": ["a"]},
        {"type": "check", "question": "sample-single", "answer": {"a": [{}]}, "token": {}},
        {"type": "check", "question": "sample-numeric", "answer": ["3"], "token": None},
    ],
)
def test_messages_that_make_no_sense_save_nothing(
    sample: Checkpoint, content: dict[str, Any]
) -> None:
    ask(sample.widget(), **content)
    assert sample.answered == {}
    assert store.default_store().attempts() == []


def test_empty_answer_keeps_the_saved_one(sample: Checkpoint) -> None:
    widget = sample.widget()
    ask(widget, type="check", question="sample-single", answer=["b"], token="1")
    ask(widget, type="check", question="sample-single", answer=[], token="2")
    assert widget.states["sample-single"]["outcome"] == "not attempted"
    assert "Nothing chosen yet" in widget.states["sample-single"]["feedback"]
    assert widget.summary.startswith("1 of 3 right")
    assert after_restart(sample).answered["sample-single"].answer == ["b"]


def test_answer_in_python_shows_in_the_page(sample: Checkpoint) -> None:
    widget = sample.widget()
    sample.answer(3, "3 s")
    assert widget.states["sample-numeric"]["answer"] == "3 s"
    assert widget.states["sample-numeric"]["outcome"] == "right"


def test_saved_answers_are_in_the_page_from_the_start(sample: Checkpoint) -> None:
    sample.answer(2, "a")
    widget = after_restart(sample).widget()
    assert widget.states["sample-multiple"]["answer"] == ["a"]
    assert "Partly right: 1 of 2" in widget.states["sample-multiple"]["feedback"]


def test_all_views_in_a_kernel_share_one_widget(sample: Checkpoint) -> None:
    assert sample.widget() is sample.widget()


def test_names_given_by_the_package_load_nothing_before_they_are_used() -> None:
    code = "import quizzes, sys; print(*sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["sqlalchemy", "pydantic", "anywidget", "ipywidgets", "mistune", "yaml", "boto3"]
    result = subprocess.run(
        [sys.executable, "-c", code, *heavy],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.strip() == ""
    assert re.fullmatch(r"[\w, ]+", ", ".join(quizzes.__all__))
