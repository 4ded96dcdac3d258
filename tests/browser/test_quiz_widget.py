"""The quiz in a real JupyterLab: by mouse, by keyboard alone, after a restart, in both themes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocket, expect

from quizzes import load_bank
from quizzes.markup import fill, to_html
from quizzes.model import Numeric
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, restart_kernel, run_all

QUIZ = "from quizzes import checkpoint\n\nquiz = checkpoint('first-function')\nquiz"
BANK = load_bank().quizzes["first-function"].questions
SINGLE = next(n for n, each in enumerate(BANK) if each.kind == "single")
MULTIPLE = next(n for n, each in enumerate(BANK) if each.kind == "multiple")
NUMERIC = next(n for n, each in enumerate(BANK) if each.kind == "numeric")


def letters(number: int, *, right: bool) -> list[str]:
    """The letters of a question's right, or wrong, options."""
    question = BANK[number]
    assert not isinstance(question, Numeric)
    return [letter for letter, option in question.options.items() if option.right is right]


def number_asked_for() -> str:
    question = BANK[NUMERIC]
    assert isinstance(question, Numeric)
    return str(question.value())


@pytest.fixture
def lab(jupyterlab: Served) -> Iterator[Served]:
    """JupyterLab with two small notebooks that show the quiz, and nothing answered yet."""
    folder = jupyterlab.root / "notebooks"
    folder.mkdir(exist_ok=True)
    names = [folder / "80-quiz.ipynb", folder / "81-quiz.ipynb"]
    for path in names:
        path.write_text(notebook_of(QUIZ, "import os; print('pid', os.getpid())"), encoding="utf-8")
    for suffix in ("", "-wal", "-shm"):
        jupyterlab.progress.with_name(jupyterlab.progress.name + suffix).unlink(missing_ok=True)
    yield jupyterlab
    for path in names:
        path.unlink(missing_ok=True)


@pytest.fixture
def quiz(page: Page, lab: Served) -> Locator:
    """The quiz in a notebook that has been run."""
    return shown(page, lab, "80")


def shown(page: Page, lab: Served, name: str) -> Locator:
    open_notebook(page, lab, name)
    run_all(page)
    return the_quiz(page)


def the_quiz(page: Page) -> Locator:
    cell = panel_of(page).locator(".jp-CodeCell").filter(has_text="checkpoint(").first
    cell.scroll_into_view_if_needed(timeout=PATIENCE)
    quiz = cell.locator(".cs-quiz")
    quiz.wait_for(timeout=PATIENCE)
    return quiz


def question(quiz: Locator, number: int) -> Locator:
    return quiz.locator("form").nth(number)


def option(quiz: Locator, number: int, letter: str) -> Locator:
    return question(quiz, number).locator(f"input[value={letter}]")


def feedback(quiz: Locator, number: int) -> Locator:
    return question(quiz, number).get_by_role("status")


def check(quiz: Locator, number: int) -> None:
    question(quiz, number).get_by_role("button", name="Check").click()


def focused(page: Page) -> str:
    """What has the focus, as a reader would name it: the value, text or tag of the element."""
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


# By mouse


@pytest.mark.parametrize("name", ["80-quiz", "02-"])
def test_answers_by_mouse_wrong_then_right_and_finds_them_after_a_restart(
    page: Page, lab: Served, name: str
) -> None:
    quiz = shown(page, lab, name)
    wrong, right = letters(SINGLE, right=False)[0], letters(SINGLE, right=True)[0]
    option(quiz, SINGLE, wrong).click()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    option(quiz, SINGLE, right).click()
    expect(question(quiz, SINGLE)).to_contain_text("Changed, not checked")
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Right.")
    expect(question(quiz, SINGLE)).not_to_contain_text("Changed, not checked")

    option(quiz, MULTIPLE, letters(MULTIPLE, right=True)[0]).click()
    check(quiz, MULTIPLE)
    count = len(letters(MULTIPLE, right=True))
    expect(feedback(quiz, MULTIPLE)).to_contain_text(f"Partly right: 1 of {count}.")

    question(quiz, NUMERIC).get_by_label("Your answer").fill(f"{number_asked_for()} s")
    check(quiz, NUMERIC)
    expect(feedback(quiz, NUMERIC)).to_contain_text("Right.")
    expect(quiz).to_contain_text("2 of 5 right · saved ")

    restart_kernel(page)
    run_all(page)
    again = the_quiz(page)
    expect(again).to_contain_text("2 of 5 right · saved ")
    expect(option(again, SINGLE, right)).to_be_checked()
    expect(feedback(again, SINGLE)).to_contain_text("Right.")
    expect(feedback(again, MULTIPLE)).to_contain_text("Partly right")
    expect(question(again, NUMERIC).get_by_label("Your answer")).to_have_value(
        f"{number_asked_for()} s"
    )


def test_a_click_on_an_options_text_chooses_it(quiz: Locator) -> None:
    label = question(quiz, SINGLE).locator("label").nth(1)
    label.locator(".cs-text").click(position={"x": 3, "y": 8})
    expect(label.locator("input")).to_be_checked()


def test_nothing_chosen_and_no_number_are_answered_in_words(quiz: Locator) -> None:
    for number in range(len(BANK)):
        check(quiz, number)
    expect(feedback(quiz, SINGLE)).to_contain_text("Nothing chosen yet.")
    expect(feedback(quiz, MULTIPLE)).to_contain_text("Nothing chosen yet.")
    expect(feedback(quiz, NUMERIC)).to_contain_text("Nothing answered yet.")
    question(quiz, NUMERIC).get_by_label("Your answer").fill("<b>abc")
    check(quiz, NUMERIC)
    expect(feedback(quiz, NUMERIC)).to_contain_text("That is not a number.")
    expect(quiz).to_contain_text("none answered yet")


# By keyboard


def tab_to_quiz(page: Page) -> None:
    """Go with the tab key alone from the notebook's first cell to the quiz's first control."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:enter-command-mode')")
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page).startswith(BANK[0].id):
            return
    raise AssertionError(f"the quiz is out of the tab key's reach; it stopped at {focused(page)}")


def test_answers_by_keyboard_alone_and_keeps_the_focus(page: Page, quiz: Locator) -> None:
    cells = panel_of(page).locator(".jp-Cell")
    before = cells.count()
    tab_to_quiz(page)

    for number, each in enumerate(BANK):
        assert focused(page).startswith(each.id), focused(page)
        if each.kind == "single":
            (right,) = letters(number, right=True)
            page.keyboard.press("Space")
            page.keyboard.type("bax")  # in the notebook these add and cut cells
            page.keyboard.press("ArrowUp")  # from the first option to the last
            assert focused(page) == f"{each.id}: {list(each.options)[-1]}"
            page.keyboard.press("ArrowDown")
            while focused(page) != f"{each.id}: {right}":
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Tab")
        elif each.kind == "multiple":
            for letter, option in each.options.items():
                assert focused(page) == f"{each.id}: {letter}"
                if option.right:
                    page.keyboard.press("Space")
                page.keyboard.press("Tab")
        else:
            page.keyboard.type("bax,3")
            page.keyboard.press("Enter")
            expect(feedback(quiz, number)).to_contain_text("That is not a number.")
            assert focused(page) == f"{each.id}: text"
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(number_asked_for())
            page.keyboard.press("Tab")
        assert focused(page) == f"{each.id}: submit"
        page.keyboard.press("Enter" if number % 2 else "Space")
        expect(feedback(quiz, number)).to_contain_text("Right.")
        assert focused(page) == f"{each.id}: submit"
        page.keyboard.press("Tab")
        assert focused(page) == f"{each.id}: button", "try again"
        page.keyboard.press("Tab")
        if each.kind != "numeric":
            assert focused(page).startswith(f"{each.id}: "), "the reasons of the others"
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")

    expect(quiz).to_contain_text("5 of 5 right · saved ")
    assert cells.count() == before
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def test_enter_in_a_question_checks_that_question(page: Page, quiz: Locator) -> None:
    option(quiz, SINGLE, letters(SINGLE, right=False)[0]).check()
    page.keyboard.press("Enter")
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    expect(feedback(quiz, MULTIPLE)).to_be_empty()


def test_groups_and_controls_have_names(page: Page, quiz: Locator) -> None:
    expect(quiz.get_by_role("group")).to_have_count(5)
    expect(quiz.get_by_role("group", name="Question 1 of 5")).to_have_count(1)
    expect(quiz.get_by_role("button", name="Check question 4")).to_have_count(1)
    expect(quiz.get_by_role("textbox", name="Your answer in seconds")).to_have_count(1)
    options = len(letters(SINGLE, right=True) + letters(SINGLE, right=False))
    expect(question(quiz, SINGLE).get_by_role("radio")).to_have_count(options)
    expect(page.get_by_role("region", name="Checkpoint: Your first function")).to_have_count(1)


# What the page knows


def test_no_reason_reaches_the_page_before_it_is_due(page: Page, lab: Served) -> None:
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: frames.append(as_text(data)))

    def as_text(data: Any) -> str:
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)

    def received(text: str) -> bool:
        forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        return any(form in frame for frame in [*frames, page.content()] for form in forms)

    page.on("websocket", listen)
    quiz = shown(page, lab, "80")
    reasons = [
        to_html(fill(text)).removeprefix("<p>").removesuffix("</p>")
        for each in BANK
        for text in each.texts()[1:]
        if isinstance(each, Numeric) or text in [one.reason for one in each.options.values()]
    ]
    assert received("Which of these can you do now?")
    assert not [reason for reason in reasons if received(reason)]

    chosen = letters(SINGLE, right=False)[0]
    option(quiz, SINGLE, chosen).check()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    assert len([reason for reason in reasons if received(reason)]) == 1


# Kernels that are gone, busy, or two


def test_restarted_kernel_is_told_in_words(page: Page, quiz: Locator) -> None:
    restart_kernel(page)
    option(quiz, SINGLE, "a").check()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("run this cell again", timeout=4000)


def test_kernel_that_does_not_answer_is_told_in_words_and_answers_late(
    page: Page, quiz: Locator
) -> None:
    printed = panel_of(page).get_by_text("pid ").last.inner_text()
    kernel = int(printed.split()[-1])
    option(quiz, SINGLE, letters(SINGLE, right=True)[0]).check()
    os.kill(kernel, signal.SIGSTOP)
    try:
        check(quiz, SINGLE)
        expect(feedback(quiz, SINGLE)).to_contain_text("No answer from the kernel.", timeout=4000)
        expect(feedback(quiz, SINGLE)).to_contain_text("run this cell again")
    finally:
        os.kill(kernel, signal.SIGCONT)
    expect(feedback(quiz, SINGLE)).to_contain_text("Right.")


def test_every_view_shows_the_same_answers(page: Page, quiz: Locator) -> None:
    panel_of(page).locator(".jp-Cell").first.locator(".jp-InputArea-prompt").click()
    page.evaluate("window.jupyterapp.commands.execute('notebook:create-output-view')")
    views = page.locator(".cs-quiz")
    expect(views).to_have_count(2)
    right = letters(SINGLE, right=True)[0]
    second = (
        views.nth(1)
        if views.nth(0).evaluate("(n, q) => n === q", quiz.element_handle())
        else views.nth(0)
    )
    option(second, SINGLE, right).check()
    check(second, SINGLE)
    for view in (second, quiz):
        expect(feedback(view, SINGLE)).to_contain_text("Right.")
        expect(option(view, SINGLE, right)).to_be_checked()


def test_cell_run_twice_still_answers(page: Page, quiz: Locator) -> None:
    option(quiz, SINGLE, letters(SINGLE, right=False)[0]).check()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    run_all(page)
    again = the_quiz(page)
    expect(panel_of(page).locator(".cs-quiz")).to_have_count(1)
    expect(feedback(again, SINGLE)).to_contain_text("Not quite.")
    option(again, SINGLE, letters(SINGLE, right=True)[0]).check()
    check(again, SINGLE)
    expect(feedback(again, SINGLE)).to_contain_text("Right.")


def test_two_notebooks_at_once_save_to_one_place(page: Page, quiz: Locator, lab: Served) -> None:
    other_page = page.context.new_page()
    other = shown(other_page, lab, "81")
    option(quiz, SINGLE, letters(SINGLE, right=True)[0]).check()
    question(other, NUMERIC).get_by_label("Your answer").fill(number_asked_for())
    check(quiz, SINGLE)
    check(other, NUMERIC)
    expect(quiz).to_contain_text("1 of 5 right")
    expect(other).to_contain_text("1 of 5 right")
    run_all(other_page)
    expect(the_quiz(other_page)).to_contain_text("2 of 5 right")
    other_page.close()


def test_answer_in_python_shows_at_once(page: Page, quiz: Locator) -> None:
    code = f"quiz.answer({SINGLE + 1}, {letters(SINGLE, right=True)[0]!r})"
    cell = panel_of(page).locator(".jp-CodeCell").nth(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(code)
    page.keyboard.press("ControlOrMeta+Enter")
    expect(feedback(quiz, SINGLE)).to_contain_text("Right.")
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text("Right.")


# How it looks


def answer_every_way(quiz: Locator) -> None:
    """Bring the quiz into every state there is: right, partly, wrong, not attempted."""
    option(quiz, SINGLE, letters(SINGLE, right=True)[0]).check()
    option(quiz, MULTIPLE, letters(MULTIPLE, right=True)[0]).check()
    question(quiz, NUMERIC).get_by_label("Your answer").fill("900")
    for number in range(len(BANK)):
        check(quiz, number)
        expect(feedback(quiz, number)).not_to_be_empty()
    question(quiz, SINGLE).locator("summary").click()
    option(quiz, MULTIPLE, letters(MULTIPLE, right=True)[1]).check()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_rule_of_accessibility_is_broken(page: Page, quiz: Locator, theme: str) -> None:
    def change_theme(name: str) -> None:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name, timeout=PATIENCE
        )

    try:
        change_theme(theme)
        answer_every_way(quiz)
        page.mouse.move(0, 0)
        # JupyterLab's body has no height, which axe takes for "everything is hidden".
        page.add_style_tag(content="body { height: 100vh }")
        options = {"resultTypes": ["violations", "incomplete", "passes"]}
        found = Axe().run(page, context=".cs-quiz", options=options).response
        broken = [(each["id"], each["impact"], each["help"]) for each in found["violations"]]
        assert broken == []
        assert [each["id"] for each in found["incomplete"]] == []
        contrast = next(each for each in found["passes"] if each["id"] == "color-contrast")
        assert len(contrast["nodes"]) > 20
    finally:
        change_theme("JupyterLab Light")


@pytest.mark.parametrize("width", [1280, 700, 420])
def test_nothing_moves_and_nothing_is_cut_off(page: Page, lab: Served, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    quiz = shown(page, lab, "80")
    if width < 1000:
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    last = question(quiz, len(BANK) - 1)
    last.scroll_into_view_if_needed()

    def place() -> Any:
        return [each.evaluate("n => n.offsetTop") for each in quiz.locator("form").all()]

    before = place()
    for number in (SINGLE, NUMERIC):
        if number == NUMERIC:
            question(quiz, number).get_by_label("Your answer").fill("900")
        else:
            option(quiz, number, letters(number, right=True)[0]).check()
        check(quiz, number)
        expect(feedback(quiz, number)).not_to_be_empty()
    option(quiz, MULTIPLE, letters(MULTIPLE, right=True)[0]).check()
    check(quiz, MULTIPLE)
    expect(feedback(quiz, MULTIPLE)).not_to_be_empty()
    assert place() == before
    assert quiz.evaluate("n => n.scrollWidth <= n.clientWidth")
    inside = quiz.evaluate(
        """n => {
            const area = n.closest('.jp-OutputArea-output').getBoundingClientRect();
            return [...n.querySelectorAll('*')].filter(each => !each.closest('.cs-hidden'))
                .every(each => each.getBoundingClientRect().right <= area.right + 1);
        }"""
    )
    assert inside
