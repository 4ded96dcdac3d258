"""Review in a real JupyterLab: one question at a time, by keyboard alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from quizzes import load_bank
from quizzes.store import Store
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, run_all

QUESTIONS = [
    each for each in load_bank().quizzes["first-function"].questions if each.kind == "single"
][:2]


@pytest.fixture
def lab(jupyterlab: Served) -> Iterator[Served]:
    """JupyterLab with a notebook that reviews, and two questions answered wrong a month ago."""
    path = jupyterlab.root / "notebooks" / "83-review.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(notebook_of("from quizzes import review\nreview()"), encoding="utf-8")
    for suffix in ("", "-wal", "-shm"):
        jupyterlab.progress.with_name(jupyterlab.progress.name + suffix).unlink(missing_ok=True)
    log = Store(str(jupyterlab.progress))
    for question in QUESTIONS:
        log.record("quiz", question.id, ["a"], "wrong", 0)
    with closing(sqlite3.connect(jupyterlab.progress)) as connection, connection:
        connection.execute("UPDATE attempts SET at = replace(at, substr(at, 1, 4), '2025')")
    yield jupyterlab
    path.unlink(missing_ok=True)


@pytest.fixture
def quiz(page: Page, lab: Served) -> Locator:
    open_notebook(page, lab, "83")
    run_all(page)
    found = panel_of(page).locator(".cs-quiz")
    found.wait_for(timeout=PATIENCE)
    return found


def test_what_is_due_is_asked_one_at_a_time_by_keyboard(
    page: Page, lab: Served, quiz: Locator
) -> None:
    summary = quiz.locator(".cs-summary")
    expect(summary).to_have_text("2 questions due")
    expect(quiz.locator("form")).to_have_count(1)
    assert quiz.get_by_role("button", name="Not now").is_visible()
    for number, question in enumerate(QUESTIONS, 1):
        expect(quiz.locator("form")).to_have_attribute("data-question", question.id)
        right = question.right_answer()[0]
        if number == 1:
            quiz.get_by_role("radio").first.focus()
        expect(quiz.get_by_role("radio").first).to_be_focused()
        page.keyboard.press("Space")
        for _ in range("abcdefgh".index(right)):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+Enter")
        expect(quiz.get_by_role("status").filter(has_text="Right.")).to_contain_text(
            "It comes back", timeout=PATIENCE
        )
        following = "Next question" if number < len(QUESTIONS) else "Finish"
        quiz.get_by_role("button", name=following).focus()
        page.keyboard.press("Enter")
    expect(summary).to_contain_text("Nothing is due · 2 answered now, 2 right.", timeout=PATIENCE)
    expect(quiz.locator("form")).to_have_count(0)
    expect(quiz.get_by_role("button", name="Look again")).to_be_focused()
    log = Store(str(lab.progress)).attempts()
    assert [each.mode for each in log] == ["quiz", "quiz", "review", "review"]


def test_no_rule_of_accessibility_is_broken(page: Page, quiz: Locator) -> None:
    page.add_style_tag(content="body { height: 100vh }")
    found = Axe().run(page, context=".cs-quiz").response
    assert [(each["id"], each["help"]) for each in found["violations"]] == []
