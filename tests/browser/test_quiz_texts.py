"""Texts with quotes, HTML and mathematics show as text in every kind; the lab is looked at live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from quizzes import load_bank
from quizzes.model import Question
from tests.browser.quizzing import button, check, expect_graded, feedback, form, give, the_quiz
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, run_all
from tests.unit.sample_quiz import write_bank

EVIL = """<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>"""
MATHS = r"""$x^2$ and \\(y\\) and $$z$$ it's "quoted" & <b>so</b>"""
TEXT = f"{EVIL} {MATHS}"
HOSTILE = f"""
quiz: hostile
lesson: 09
title: 'A <b>title</b> & $x$ {EVIL}'
questions:
  - id: hostile-single
    kind: single
    objective: one-thing
    hints: ['HINT {TEXT}']
    prompt: '{TEXT}'
    exhibit: {{log: 'LOG {TEXT}'}}
    options:
      a: {{text: 'A {TEXT}', right: true, reason: 'REASON {TEXT}'}}
      b: {{text: 'B {TEXT}', reason: 'REASON {TEXT}'}}
  - id: hostile-text
    kind: text
    objective: one-thing
    prompt: '{TEXT}'
    accept: ['{TEXT}']
    reason: 'REASON {TEXT}'
    otherwise: 'OTHERWISE {TEXT}'
  - id: hostile-ordering
    kind: ordering
    objective: one-thing
    prompt: '{TEXT}'
    items: ['1 {TEXT}', '2 {TEXT}', '3 {TEXT}']
    reason: 'REASON {TEXT}'
    otherwise: 'OTHERWISE {TEXT}'
  - id: hostile-matching
    kind: matching
    objective: one-thing
    prompt: '{TEXT}'
    pairs:
      - {{left: '1 {TEXT}', right: 'A {TEXT}', reason: 'REASON {TEXT}'}}
      - {{left: '2 {TEXT}', right: 'B {TEXT}', reason: 'REASON {TEXT}'}}
  - id: hostile-gaps
    kind: gaps
    objective: one-thing
    prompt: '{TEXT}'
    code: 'CODE ___1___ {TEXT} ___2___'
    gaps:
      1: {{accept: ['{TEXT}'], reason: 'REASON {TEXT}', otherwise: 'OTHERWISE {TEXT}'}}
      2: {{options: ['{TEXT}', 'x'], right: 'x', reason: 'REASON {TEXT}', otherwise: 'NO {TEXT}'}}
  - id: hostile-predict
    kind: predict
    objective: one-thing
    prompt: '{TEXT}'
    code: 'print("{TEXT}")'
    options:
      a: {{text: 'A {TEXT}', right: true, reason: 'REASON {TEXT}'}}
      b: {{text: 'B {TEXT}', reason: 'REASON {TEXT}'}}
""".replace("it's", "it''s")
SHOW = """
from pathlib import Path
from quizzes.loading import load_quiz
from quizzes.quiz import Checkpoint
quiz = Checkpoint(load_quiz("hostile", Path({bank!r})))
quiz
"""
LESSON = [each.instance() for each in load_bank().quizzes["first-function"].questions]
LAB = next(n for n, each in enumerate(LESSON) if each.kind == "lab")
TO_DO = """\
lab_client = boto3.client("lambda")
lab_client.update_function_configuration(FunctionName="till", Handler="cash.pay")
lab_client.get_waiter("function_updated_v2").wait(FunctionName="till")
"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return write_bank(tmp_path / "bank", HOSTILE, "09-hostile.yml")


@pytest.fixture
def quiz(page: Page, jupyterlab: Served, bank: Path) -> Iterator[Locator]:
    """The hostile quiz in a notebook that has been run."""
    path = jupyterlab.root / "notebooks" / "82-texts.ipynb"
    path.write_text(notebook_of(SHOW.format(bank=str(bank))), encoding="utf-8")
    open_notebook(page, jupyterlab, "82")
    run_all(page)
    yield the_quiz(page)
    path.unlink()


def wrong_answer(question: Question) -> object:
    """An answer that is a hostile text where one can be typed."""
    answers = {
        "text": f"typed {EVIL}",
        "ordering": ["a", "b", "c"],
        "matching": {"1": "a", "2": "a"},
        "gaps": [f"typed {EVIL}", question.shown()["gaps"][1]["options"][0]]
        if question.kind == "gaps"
        else None,
    }
    return answers.get(question.kind, ["b"])


def test_every_text_shows_as_it_was_written(page: Page, quiz: Locator, bank: Path) -> None:
    questions = [each.instance() for each in load_bank(bank).quizzes["hostile"].questions]
    written = TEXT.replace(r"\\", "\\")
    button(quiz, 0, "Hint").click()
    expect(form(quiz, 0).get_by_role("log")).to_contain_text(f"HINT {written}")
    for number, question in enumerate(questions):
        lead = form(quiz, number).locator(".cs-lead")
        assert lead.inner_text().strip() == written
        for _ in range(2):
            give(quiz, number, question, wrong_answer(question))
            check(quiz, number)
            expect_graded(quiz, number)
        give(quiz, number, question, question.right_answer())
        check(quiz, number)
        expect(feedback(quiz, number)).to_contain_text("REASON")
    assert page.evaluate("window.hurt") is None
    for tag in ("script", "img", "b", "mjx-container"):
        expect(quiz.locator(tag)).to_have_count(0)


def test_lab_question_shows_what_was_found_in_the_cloud(page: Page, jupyterlab: Served) -> None:
    path = jupyterlab.root / "notebooks" / "83-lab.ipynb"
    start = "from labsupport import Lab\nlab = Lab.start()\n"
    show = "from quizzes import checkpoint\nquiz = checkpoint('first-function')\nquiz"
    prepare = f"{start}{LESSON[LAB].shown()['start']}"
    path.write_text(notebook_of(show, prepare, TO_DO), encoding="utf-8")
    open_notebook(page, jupyterlab, "83")
    cells = panel_of(page).locator(".jp-CodeCell")
    for number in (0, 1):
        run_cell(page, number)
    quiz = the_quiz(page)
    check(quiz, LAB)
    expect(feedback(quiz, LAB)).to_contain_text("Not quite.", timeout=PATIENCE)
    run_cell(page, 2)
    expect(cells.nth(2).locator(".jp-InputPrompt")).to_contain_text("3", timeout=PATIENCE)
    check(quiz, LAB)
    expect(feedback(quiz, LAB)).to_contain_text("Right.", timeout=PATIENCE)
    path.unlink()


def run_cell(page: Page, number: int) -> None:
    """Run one cell to its end."""
    page.evaluate(
        """async number => {
            const notebook = window.jupyterapp.shell.currentWidget;
            notebook.content.activeCellIndex = number;
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )
