"""What a quiz gives beside grades: hints, new numbers, another try, the solution when it is due."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quizzes import lab_checks, quiz, store
from quizzes.lab_checks import Clients, Found
from quizzes.loading import load_bank, load_quiz
from quizzes.markup import to_html
from quizzes.quiz import Checkpoint
from quizzes.widget import QuizWidget
from tests.unit.sample_kinds import KINDS
from tests.unit.sample_quiz import secrets, write_bank

WRONG: dict[str, Any] = {
    "kinds-single": ["b"],
    "kinds-cost": "1",
    "kinds-text": "timeout",
    "kinds-matching": {"1": "a", "2": "a", "3": "a"},
    "kinds-gaps": ["x", "3"],
    "kinds-typed": "nothing",
    "kinds-chosen": ["b"],
}


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    monkeypatch.setattr(store, "_stores", {})


@pytest.fixture
def kinds(tmp_path: Path) -> Checkpoint:
    return Checkpoint(load_quiz("kinds", write_bank(tmp_path / "bank", KINDS, "09-kinds.yml")))


def after_restart(checkpoint: Checkpoint) -> Checkpoint:
    store._stores.clear()
    return Checkpoint(checkpoint.quiz)


def ask(widget: QuizWidget, kind: str, question: str, answer: Any = None) -> dict[str, Any]:
    """Send what a page sends; return the question's state."""
    message = {"type": kind, "question": question, "answer": answer, "token": "mine"}
    widget._handle_custom_msg(message, [])
    return dict(widget.states[question])


def shown(widget: QuizWidget, question: str) -> dict[str, Any]:
    return next(each for each in widget.questions if each["id"] == question)


def synced(widget: QuizWidget) -> str:
    """Everything the page knows of a quiz beside the script, as text."""
    state = {name: value for name, value in widget.get_state().items() if name[0] != "_"}
    return json.dumps(state, default=str, ensure_ascii=False)


# What is due when


def test_nothing_of_any_key_is_in_the_page_before_it_is_due(kinds: Checkpoint) -> None:
    quizzes = [kinds, *(Checkpoint(each) for each in load_bank().quizzes.values())]
    for checkpoint in quizzes:
        page = synced(checkpoint.widget())
        for question in checkpoint.questions:
            one = question.instance()
            assert to_html(one.prompt).partition("<")[0] in page
            for text in secrets(one):
                assert json.dumps(text, ensure_ascii=False)[1:-1] not in page, (one.id, text)


def test_hints_come_one_at_a_time(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    assert shown(widget, "kinds-single")["hints"] == 3
    assert widget.states["kinds-single"]["hints_left"] == 3
    state = ask(widget, "hint", "kinds-single")
    assert state["help"] == ["<p><strong>Hint 1 of 3.</strong> HINT-1 about 3 seconds.</p>"]
    assert state["token"] == "mine"
    assert "HINT-2" not in synced(widget)
    for _ in range(4):
        state = ask(widget, "hint", "kinds-single")
    assert len(state["help"]) == 3
    assert state["hints_left"] == 0


def test_hint_leaves_the_answer_and_its_feedback(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    before = ask(widget, "check", "kinds-single", ["b"])
    after = ask(widget, "hint", "kinds-single")
    assert {**after, "help": [], "hints_left": 3, "serial": 0} == {**before, "serial": 0}


@pytest.mark.parametrize("name", WRONG)
def test_solution_comes_after_two_wrong_tries_and_not_before(kinds: Checkpoint, name: str) -> None:
    widget = kinds.widget()
    question = next(each for each in kinds.questions if each.id == name).instance()
    solution = json.dumps(to_html(question.solution()), ensure_ascii=False)[1:-1]
    for tries in (1, 2):
        assert ask(widget, "reveal", name)["help"] == []
        state = ask(widget, "check", name, WRONG[name])
        assert state["outcome"] in {"wrong", "partly"}
        assert state["reveal"] is (tries == 2)
        assert solution not in synced(widget)
    state = ask(widget, "reveal", name)
    assert solution in synced(widget)
    assert state["help"][-1].startswith("<p><strong>Solution.</strong></p>")
    assert state["reveal"] is False


def test_tries_hints_and_the_solution_are_remembered(kinds: Checkpoint) -> None:
    kinds.hint("kinds-single")
    for _ in range(2):
        kinds.answer("kinds-single", "b")
    again = after_restart(kinds)
    assert again.solution("kinds-single").startswith("**Solution.**")
    assert len(again.widget().states["kinds-single"]["help"]) == 2
    again.answer("kinds-single", "a")
    saved = store.default_store().attempts()
    assert [each.details for each in saved] == [
        {"seed": 0, "hints": 1},
        {"seed": 0, "hints": 1},
        {"seed": 0, "hints": 2, "revealed": True},
    ]


def test_right_answer_begins_the_tries_anew(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    for answer in ("timeout", "reserved concurrency", "timeout"):
        state = ask(widget, "check", "kinds-text", answer)
    assert not state["reveal"]
    assert not ask(after_restart(kinds).widget(), "hint", "kinds-text")["reveal"]


def test_python_gives_hints_and_the_solution_in_words(kinds: Checkpoint) -> None:
    assert kinds.hint("kinds-text") == "There are no hints for this question."
    assert kinds.hint(1) == "**Hint 1 of 3.** HINT-1 about 3 seconds."
    assert "HINT-2" in kinds.hint(1)
    assert kinds.solution(1) == "The solution is shown after 2 tries that were not right."
    assert kinds.hint(1)._repr_html_().startswith("<p><strong>Hint 1 of 3.</strong>")


# New numbers, another try


def test_new_numbers_ask_anew_and_are_saved_with_the_answer(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    before = shown(widget, "kinds-cost")
    ask(widget, "check", "kinds-cost", "1")
    state = ask(widget, "renew", "kinds-cost")
    after = shown(widget, "kinds-cost")
    assert after["lead"] != before["lead"]
    assert (state["outcome"], state["answer"], state["help"]) == ("", None, [])
    right = kinds._asked[1].question.right_answer()
    assert ask(widget, "check", "kinds-cost", right)["outcome"] == "right"
    again = after_restart(kinds)
    assert shown(again.widget(), "kinds-cost") == after
    assert again.widget().states["kinds-cost"]["outcome"] == "right"


def test_python_asks_with_new_numbers_in_the_page_too(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    text = kinds.new_numbers("kinds-cost")
    assert to_html(text) == f"<p>{shown(widget, 'kinds-cost')['lead']}</p>"


def test_another_try_clears_the_page_and_keeps_what_was_saved(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    ask(widget, "check", "kinds-text", "timeout")
    state = ask(widget, "again", "kinds-text")
    assert (state["answer"], state["outcome"], state["feedback"]) == (None, "", "")
    assert after_restart(kinds).answered["kinds-text"].answer == "timeout"


def test_another_try_mixes_options_that_are_shuffled(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    before = shown(widget, "kinds-single")["options"]
    ask(widget, "again", "kinds-single")
    after = shown(widget, "kinds-single")["options"]
    assert before != after
    assert sorted(each["html"] for each in before) == sorted(each["html"] for each in after)
    chosen = next(each["letter"] for each in after if each["html"] == "first")
    assert ask(widget, "check", "kinds-single", [chosen])["outcome"] == "right"
    assert after_restart(kinds).answered["kinds-single"].grade.outcome == "right"


def test_questions_are_sent_again_only_when_they_change(kinds: Checkpoint) -> None:
    widget = kinds.widget()
    sent: list[dict[str, Any]] = []
    widget.observe(lambda change: sent.append(change.new), "questions")
    ask(widget, "check", "kinds-text", "timeout")
    ask(widget, "hint", "kinds-single")
    assert sent == []
    ask(widget, "renew", "kinds-cost")
    assert len(sent) == 1


# Lab questions


class Cloud:
    """A check of a lab question that waits until it is let go."""

    def __init__(self) -> None:
        self.found = Found(0.0, "It is not throttled.")
        self.answers = threading.Event()
        self.asked = threading.Event()

    def check(self, _: Clients) -> Found:
        self.asked.set()
        assert self.answers.wait(20)
        return self.found


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    cloud = Cloud()
    monkeypatch.setattr(lab_checks, "find", lambda name: cloud.check)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    yield cloud
    cloud.answers.set()


def seen(widget: QuizWidget, outcome: str) -> threading.Event:
    """Give what is set once the lab question's state has this outcome."""
    there = threading.Event()

    def look(change: Any) -> None:
        state = change.new["kinds-lab"]
        if state["outcome"] == outcome and not state["busy"]:
            there.set()

    widget.observe(look, "states")
    return there


def test_looking_at_the_cloud_blocks_nothing(kinds: Checkpoint, cloud: Cloud) -> None:
    widget = kinds.widget()
    wrong, right = seen(widget, "wrong"), seen(widget, "right")
    state = ask(widget, "check", "kinds-lab")
    assert state["busy"]
    assert "Looking at the lab cloud" in state["feedback"]
    assert cloud.asked.wait(20)
    assert ask(widget, "check", "kinds-text", "timeout")["outcome"] == "wrong"
    cloud.answers.set()
    assert wrong.wait(20)
    state = widget.states["kinds-lab"]
    assert state["token"] == "mine"
    assert "Not quite.</strong> It is not throttled." in state["feedback"]
    cloud.found = Found(1.0, "It is throttled.")
    ask(widget, "check", "kinds-lab")
    assert right.wait(20)
    assert "It is throttled. REASON-LAB." in widget.states["kinds-lab"]["feedback"]
    assert after_restart(kinds).answered["kinds-lab"].grade.outcome == "right"


def test_cloud_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, kinds: Checkpoint, cloud: Cloud
) -> None:
    monkeypatch.setattr(quiz, "LOOK_SECONDS", 0.05)
    grade = kinds.answer("kinds-lab")
    assert grade.outcome == "not attempted"
    assert "has not answered" in grade.feedback
    assert "kinds-lab" not in kinds.answered


def test_lab_question_without_a_lab_is_not_attempted(
    monkeypatch: pytest.MonkeyPatch, kinds: Checkpoint
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert kinds.answer("kinds-lab").outcome == "not attempted"


# Answers kept without a grade


def test_widget_without_feedback_tells_no_outcome(kinds: Checkpoint) -> None:
    from quizzes import page

    received: list[Any] = []
    widget = QuizWidget(received.append, feedback="none", title="Exam")
    state = page.state(answer=["b"], label="Saved")
    widget.show_states({"kinds-single": state}, questions=[kinds._asked[0].page(1, 1)])
    widget._handle_custom_msg({"type": "save", "question": "kinds-single", "answer": ["b"]}, [])
    assert received == [{"type": "save", "question": "kinds-single", "answer": ["b"]}]
    assert widget.states["kinds-single"]["outcome"] == ""
    assert widget.states["kinds-single"]["feedback"] == ""
    assert not widget.states["kinds-single"]["reveal"]
