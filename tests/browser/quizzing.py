"""What a learner does with a quiz in the page, for the browser tests."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from quizzes.model import Question
from tests.browser.served import PATIENCE
from tests.browser.steps import panel_of

CHOICES = ("single", "multiple")


def the_quiz(page: Page) -> Locator:
    """The quiz in the notebook that is shown."""
    cell = panel_of(page).locator(".jp-CodeCell").filter(has_text="quiz").first
    cell.scroll_into_view_if_needed(timeout=PATIENCE)
    quiz = cell.locator(".cs-quiz")
    quiz.wait_for(timeout=PATIENCE)
    return quiz


def form(quiz: Locator, number: int) -> Locator:
    """A question by its place, from 0."""
    return quiz.locator("form").nth(number)


def option(quiz: Locator, number: int, letter: str) -> Locator:
    return form(quiz, number).locator(f"input[value={letter}]")


def feedback(quiz: Locator, number: int) -> Locator:
    return form(quiz, number).get_by_role("status")


def button(quiz: Locator, number: int, name: str) -> Locator:
    return form(quiz, number).get_by_role("button", name=name)


def check(quiz: Locator, number: int) -> None:
    button(quiz, number, "Check").click()


def is_chosen(question: Question) -> bool:
    """Whether a question is answered by choosing letters."""
    return question.kind in CHOICES or bool(getattr(question, "options", None))


def give(quiz: Locator, number: int, question: Question, answer: Any) -> None:
    """Set the controls of a question to an answer in its saved form."""
    asked = form(quiz, number)
    if is_chosen(question):
        _choose(asked, answer, several=question.kind == "multiple")
    elif question.kind == "ordering":
        for place, letter in enumerate(answer):
            row = asked.locator(f"li[data-letter={letter}]")
            while letters_of(asked).index(letter) > place:
                row.get_by_role("button", name=f"Move {letter} up").click()
    elif question.kind == "matching":
        for n, letter in answer.items():
            asked.locator("select").nth(int(n) - 1).select_option(letter)
    elif question.kind == "gaps":
        for control, text in zip(asked.locator(".cs-gap").all(), answer, strict=True):
            choosing = control.evaluate("n => n.tagName") == "SELECT"
            (control.select_option if choosing else control.fill)(text)
    elif question.kind != "lab":
        asked.locator("input, textarea").fill(str(answer))


def _choose(asked: Locator, letters: list[str], *, several: bool) -> None:
    for control in asked.locator("input").all():
        chosen = control.get_attribute("value") in letters
        if chosen or several:
            control.set_checked(chosen)


def letters_of(asked: Locator) -> list[str]:
    """The letters of an ordering question's items, as they stand now."""
    found: list[str] = asked.locator("li.cs-item").evaluate_all(
        "rows => rows.map(row => row.dataset.letter)"
    )
    return found


def focused(page: Page) -> str:
    """What has the focus, as "question: control"; a choice is named by its value."""
    return str(
        page.evaluate(
            """() => {
                const at = document.activeElement;
                return `${at.closest('form')?.dataset.question ?? ''}: ` +
                    (at.type === 'radio' || at.type === 'checkbox'
                        ? at.value : at.type ?? at.tagName.toLowerCase());
            }"""
        )
    )


def change_theme(page: Page, theme: str) -> None:
    """Change JupyterLab's theme and wait until it is there."""
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    page.wait_for_function(
        "name => document.body.dataset.jpThemeName === name", arg=theme, timeout=PATIENCE
    )


def places(quiz: Locator) -> list[int]:
    """Where each question begins, in pixels from the quiz's top."""
    return [each.evaluate("n => n.offsetTop") for each in quiz.locator("form").all()]


def expect_graded(quiz: Locator, number: int) -> None:
    """Wait for feedback that is more than a wait."""
    expect(feedback(quiz, number)).not_to_be_empty()
    expect(feedback(quiz, number)).not_to_contain_text("Looking at")


def click_times(quiz: Locator, number: int, count: int) -> list[float]:
    """Milliseconds from a click on Check to the frame that shows new feedback, `count` times."""
    times: list[float] = form(quiz, number).evaluate(
        """async (form, count) => {
            const inputs = [...form.querySelectorAll('input')];
            const status = form.querySelector('[role=status]');
            const times = [];
            for (let n = 0; n < count; n += 1) {
                inputs[n % inputs.length].click();
                const shown = new Promise(done => {
                    const seen = new MutationObserver(() => {
                        seen.disconnect();
                        requestAnimationFrame(() => done(performance.now()));
                    });
                    seen.observe(status, {childList: true, subtree: true});
                });
                const begin = performance.now();
                form.querySelector('[type=submit]').click();
                times.push(await shown - begin);
            }
            return times;
        }""",
        count,
    )
    return times


def render_times(page: Page, count: int) -> list[float]:
    """Milliseconds from running the first cell to the frame that shows its quiz, `count` times."""
    times: list[float] = page.evaluate(
        """async count => {
            const notebook = window.jupyterapp.shell.currentWidget;
            notebook.content.activeCellIndex = 0;
            const times = [];
            for (let n = 0; n < count; n += 1) {
                const before = notebook.node.querySelector('.cs-quiz');
                const shown = new Promise(done => {
                    const seen = new MutationObserver(() => {
                        const now = notebook.node.querySelector('.cs-quiz');
                        if (!now || now === before) return;
                        seen.disconnect();
                        requestAnimationFrame(() => done(performance.now()));
                    });
                    seen.observe(notebook.node, {childList: true, subtree: true});
                });
                const begin = performance.now();
                window.jupyterapp.commands.execute('notebook:run-cell');
                times.push(await shown - begin);
            }
            return times;
        }""",
        count,
    )
    return times
