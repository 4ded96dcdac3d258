"""The quiz in a real JupyterLab: by mouse, by keyboard alone, after a restart, in both themes."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocket, expect

from quizzes import load_bank
from tests.browser.quizzing import (
    button,
    change_theme,
    check,
    click_times,
    expect_graded,
    feedback,
    focused,
    form,
    give,
    is_chosen,
    letters_of,
    option,
    places,
    render_times,
    the_quiz,
)
from tests.browser.served import Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, restart_kernel, run_all
from tests.unit.sample_quiz import secrets

QUIZ = "from quizzes import checkpoint\n\nquiz = checkpoint('first-function')\nquiz"
WRONG: dict[str, Any] = {
    "first-function-freeze": ["b"],
    "first-function-where-to-look": {"1": "a", "2": "b", "3": "c", "4": "d"},
    "first-function-honest-caller": ["x", "x", '"errorMessage" in event'],
}
BANK = [each.instance() for each in load_bank().quizzes["first-function"].questions]
TOTAL = len(BANK)
SINGLE, MULTIPLE, NUMERIC, TEXT, ORDERING, MATCHING, GAPS, PREDICT, LAB = (
    next(n for n, each in enumerate(BANK) if each.kind == kind)
    for kind in (
        "single",
        "multiple",
        "numeric",
        "text",
        "ordering",
        "matching",
        "gaps",
        "predict",
        "lab",
    )
)
HINTED = next(n for n, each in enumerate(BANK) if len(each.hints) > 1)
RENEWABLE = next(n for n, each in enumerate(BANK) if each.parameters)


def letters(number: int, *, right: bool) -> list[str]:
    """The letters of a question's right, or wrong, options."""
    options = BANK[number].shown()["options"]
    rights = BANK[number].right_answer()
    return [each["letter"] for each in options if (each["letter"] in rights) is right]


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
    expect(form(quiz, SINGLE)).to_contain_text("Changed, not checked")
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Right.")
    expect(form(quiz, SINGLE)).not_to_contain_text("Changed, not checked")

    option(quiz, MULTIPLE, letters(MULTIPLE, right=True)[0]).click()
    check(quiz, MULTIPLE)
    count = len(letters(MULTIPLE, right=True))
    expect(feedback(quiz, MULTIPLE)).to_contain_text(f"Partly right: 1 of {count}.")

    form(quiz, NUMERIC).get_by_label("Your answer").fill(f"{BANK[NUMERIC].right_answer()!s} s")
    check(quiz, NUMERIC)
    expect(feedback(quiz, NUMERIC)).to_contain_text("Right.")
    expect(quiz).to_contain_text(f"2 of {TOTAL} right · saved ")

    restart_kernel(page)
    run_all(page)
    again = the_quiz(page)
    expect(again).to_contain_text(f"2 of {TOTAL} right · saved ")
    expect(option(again, SINGLE, right)).to_be_checked()
    expect(feedback(again, SINGLE)).to_contain_text("Right.")
    expect(feedback(again, MULTIPLE)).to_contain_text("Partly right")
    expect(form(again, NUMERIC).get_by_label("Your answer")).to_have_value(
        f"{BANK[NUMERIC].right_answer()!s} s"
    )


def test_a_click_on_an_options_text_chooses_it(quiz: Locator) -> None:
    label = form(quiz, SINGLE).locator("label").nth(1)
    label.locator(".cs-text").click(position={"x": 3, "y": 8})
    expect(label.locator("input")).to_be_checked()


def test_nothing_answered_is_answered_in_words(quiz: Locator) -> None:
    unanswered = [n for n in range(TOTAL) if n not in (ORDERING, LAB)]  # those always have one
    for number in unanswered:
        check(quiz, number)
        expect(feedback(quiz, number)).to_contain_text("Nothing ")
    form(quiz, NUMERIC).get_by_label("Your answer").fill("<b>abc")
    check(quiz, NUMERIC)
    expect(feedback(quiz, NUMERIC)).to_contain_text("That is not a number.")
    check(quiz, LAB)
    expect(feedback(quiz, LAB)).to_contain_text("No lab cloud is running here")
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


def tab_to(page: Page, what: str) -> None:
    """Go with the tab key to a control."""
    for _ in range(20):
        if focused(page) == what:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no tab leads to {what}; it stopped at {focused(page)}")


def answer_by_keyboard(page: Page, quiz: Locator, number: int) -> None:
    """Answer a question rightly, beginning at its first control."""
    each, answer = BANK[number], BANK[number].right_answer()
    keyboard = page.keyboard
    if each.kind == "multiple":
        for letter in letters(number, right=True):
            tab_to(page, f"{each.id}: {letter}")
            keyboard.press("Space")
    elif is_chosen(each):
        keyboard.press("Space")
        keyboard.type("bax")  # in the notebook these add and cut cells
        while focused(page) != f"{each.id}: {answer[0]}":
            keyboard.press("ArrowDown")
    elif each.kind == "ordering":
        for place, letter in enumerate(answer):
            row = form(quiz, number).locator(f"li[data-letter={letter}]")
            row.get_by_role("button").first.focus()
            keyboard.press("End")
            assert letters_of(form(quiz, number))[-1] == letter
            keyboard.press("Home")
            for _ in range(place):
                keyboard.press("ArrowDown")
            assert row.evaluate("n => n.contains(document.activeElement)")
            said = quiz.locator(".cs-announcer")
            expect(said).to_contain_text(f"place {place + 1} of {len(answer)}")
        assert letters_of(form(quiz, number)) == answer
    elif each.kind == "matching":
        for letter in answer.values():
            keyboard.type(letter)  # a letter chooses in a select
            keyboard.press("Tab")
    elif each.kind == "gaps":
        for text in answer:
            keyboard.type(text)
            keyboard.press("Tab")
    elif each.kind != "lab":
        keyboard.type(str(answer))


def test_answers_by_keyboard_alone_and_keeps_the_focus(page: Page, quiz: Locator) -> None:
    cells = panel_of(page).locator(".jp-Cell")
    before = cells.count()
    tab_to_quiz(page)
    for number, each in enumerate(BANK):
        assert focused(page).startswith(each.id), focused(page)
        answer_by_keyboard(page, quiz, number)
        tab_to(page, f"{each.id}: submit")
        page.keyboard.press("Enter" if number % 2 else "Space")
        expect_graded(quiz, number)
        if each.kind != "lab":
            expect(feedback(quiz, number)).to_contain_text("Right.")
        assert focused(page) == f"{each.id}: submit"
        while number < TOTAL - 1 and focused(page).startswith(each.id):
            page.keyboard.press("Tab")
    expect(quiz).to_contain_text(f"{TOTAL - 1} of {TOTAL} right · saved ")
    assert cells.count() == before
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def test_enter_in_a_question_checks_that_question(page: Page, quiz: Locator) -> None:
    option(quiz, SINGLE, letters(SINGLE, right=False)[0]).check()
    page.keyboard.press("Enter")
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    expect(feedback(quiz, MULTIPLE)).to_be_empty()
    form(quiz, PREDICT).locator("textarea").fill("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(form(quiz, PREDICT).locator("textarea")).to_have_value("one\ntwo")
    expect(feedback(quiz, PREDICT)).to_be_empty()
    page.keyboard.press("ControlOrMeta+Enter")
    expect(feedback(quiz, PREDICT)).to_contain_text("Not quite.")


def test_groups_and_controls_have_names(page: Page, quiz: Locator) -> None:
    expect(quiz.get_by_role("group")).to_have_count(TOTAL)
    expect(quiz.get_by_role("group", name=f"Question 1 of {TOTAL}")).to_have_count(1)
    expect(quiz.get_by_role("button", name="Check question 4", exact=True)).to_have_count(1)
    name = "Your answer in seconds"
    expect(quiz.get_by_role("textbox", name=name)).to_have_count(1)
    options = len(letters(SINGLE, right=True) + letters(SINGLE, right=False))
    expect(form(quiz, SINGLE).get_by_role("radio")).to_have_count(options)
    expect(form(quiz, ORDERING).get_by_role("button", name="Move a up: ")).to_have_count(1)
    expect(form(quiz, MATCHING).get_by_role("combobox", name="1 ")).to_have_count(1)
    expect(form(quiz, GAPS).get_by_label("Gap 2")).to_have_count(1)
    expect(form(quiz, PREDICT).get_by_role("textbox", name="It prints")).to_have_count(1)
    expect(page.get_by_role("region", name="Checkpoint: Your first function")).to_have_count(1)


# Hints, new numbers, the solution


def test_hints_come_one_at_a_time_and_are_announced(quiz: Locator) -> None:
    hint = button(quiz, HINTED, "Hint")
    shown = form(quiz, HINTED).get_by_role("log")
    expect(shown).to_be_empty()
    expect(hint).to_contain_text("2 left")
    hint.click()
    expect(shown).to_contain_text("Hint 1 of 2.")
    expect(shown).not_to_contain_text("Hint 2 of 2.")
    expect(hint).to_contain_text("1 left")
    hint.click()
    expect(shown).to_contain_text("Hint 2 of 2.")
    expect(hint).to_have_attribute("aria-disabled", "true")


def test_solution_is_offered_after_two_wrong_tries(quiz: Locator) -> None:
    solution = button(quiz, TEXT, "Solution")
    field = form(quiz, TEXT).get_by_label("Your answer")
    for text in ("on_order", "orders.py"):
        expect(solution).to_be_hidden()
        field.fill(text)
        check(quiz, TEXT)
        expect(feedback(quiz, TEXT)).to_contain_text("Not quite.")
        expect(form(quiz, TEXT)).not_to_contain_text("Changed, not checked")
    solution.click()
    expect(form(quiz, TEXT).get_by_role("log")).to_contain_text(BANK[TEXT].right_answer())
    expect(solution).to_be_hidden()
    expect(field).to_have_value("orders.py")


def test_new_numbers_ask_anew_and_keep_the_focus(page: Page, quiz: Locator) -> None:
    asked = form(quiz, RENEWABLE)
    before = asked.locator("fieldset").inner_text()
    asked.get_by_label("Your answer").fill("1")
    check(quiz, RENEWABLE)
    expect(feedback(quiz, RENEWABLE)).to_contain_text("Not quite.")
    button(quiz, RENEWABLE, "New numbers").press("Enter")
    expect(feedback(quiz, RENEWABLE)).to_be_empty()
    assert asked.locator("fieldset").inner_text() != before
    expect(asked.get_by_label("Your answer")).to_have_value("")
    expect(button(quiz, RENEWABLE, "New numbers")).to_be_focused()
    expect(quiz.locator(".cs-announcer")).to_contain_text("New numbers.")


def test_another_try_clears_the_answer(quiz: Locator) -> None:
    option(quiz, SINGLE, letters(SINGLE, right=True)[0]).check()
    expect(button(quiz, SINGLE, "Try again")).to_be_hidden()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Right.")
    button(quiz, SINGLE, "Try again").click()
    expect(feedback(quiz, SINGLE)).to_be_empty()
    expect(form(quiz, SINGLE).locator("input:checked")).to_have_count(0)


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
    key = [(each.id, text) for each in BANK for text in secrets(each)]
    assert received("Which of these can you do now?")
    assert not [each for each in key if received(each[1])]

    chosen = letters(SINGLE, right=False)[0]
    option(quiz, SINGLE, chosen).check()
    check(quiz, SINGLE)
    expect(feedback(quiz, SINGLE)).to_contain_text("Not quite.")
    assert len([each for each in key if received(each[1])]) == 1


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
    form(other, NUMERIC).get_by_label("Your answer").fill(str(BANK[NUMERIC].right_answer()))
    check(quiz, SINGLE)
    check(other, NUMERIC)
    expect(quiz).to_contain_text(f"1 of {TOTAL} right")
    expect(other).to_contain_text(f"1 of {TOTAL} right")
    run_all(other_page)
    expect(the_quiz(other_page)).to_contain_text(f"2 of {TOTAL} right")
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
    """Bring the quiz into every state there is: right, partly, wrong, not attempted, helped."""
    for number, each in enumerate(BANK):
        if number not in (NUMERIC, MULTIPLE, LAB):
            give(quiz, number, each, each.right_answer())
    give(quiz, MULTIPLE, BANK[MULTIPLE], letters(MULTIPLE, right=True)[:1])
    give(quiz, NUMERIC, BANK[NUMERIC], "900")
    for _ in range(2):
        for number in range(TOTAL):
            check(quiz, number)
            expect_graded(quiz, number)
    form(quiz, SINGLE).locator("summary").click()
    button(quiz, HINTED, "Hint").click()
    button(quiz, NUMERIC, "Solution").click()
    expect(form(quiz, NUMERIC).get_by_role("log")).to_contain_text("Solution.")
    give(quiz, MULTIPLE, BANK[MULTIPLE], letters(MULTIPLE, right=True)[:2])


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_rule_of_accessibility_is_broken(page: Page, quiz: Locator, theme: str) -> None:
    try:
        change_theme(page, theme)
        answer_every_way(quiz)
        page.mouse.move(0, 0)
        page.set_viewport_size({"width": 1280, "height": 9000})  # axe judges what is in sight
        # JupyterLab's body has no height, which axe takes for "everything is hidden".
        page.add_style_tag(content="body { height: 100vh }")
        options = {"resultTypes": ["violations", "incomplete", "passes"]}
        found = Axe().run(page, context=".cs-quiz", options=options).response
        broken = [(each["id"], each["impact"], each["help"]) for each in found["violations"]]
        assert broken == []
        unsure = [node for each in found["incomplete"] for node in each["nodes"]]
        # Of a single character, an arrow, axe says that it may not be text.
        assert [node["html"] for node in unsure if not re.search("[↑↓]", node["html"])] == []
        contrast = next(each for each in found["passes"] if each["id"] == "color-contrast")
        assert len(contrast["nodes"]) > 100
    finally:
        change_theme(page, "JupyterLab Light")


@pytest.mark.parametrize("width", [1280, 700, 400])
def test_nothing_moves_and_nothing_is_cut_off(page: Page, lab: Served, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    quiz = shown(page, lab, "80")
    if width < 1000:
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    form(quiz, TOTAL - 1).scroll_into_view_if_needed()
    before = places(quiz)
    for number, each in enumerate(BANK):
        for answer in (each.right_answer(), WRONG.get(each.id, "900")):
            if each.kind not in ("lab", "ordering") and (answer != "900" or not is_chosen(each)):
                give(quiz, number, each, answer)
            check(quiz, number)
            expect_graded(quiz, number)
            assert (each.id, places(quiz)) == (each.id, before)
    assert quiz.evaluate("n => n.scrollWidth <= n.clientWidth")
    inside = quiz.evaluate(
        """n => {
            const area = n.closest('.jp-OutputArea-output').getBoundingClientRect();
            return [...n.querySelectorAll('*')].filter(each => !each.closest('.cs-hidden'))
                .every(each => each.getBoundingClientRect().right <= area.right + 1);
        }"""
    )
    assert inside


# How fast it is


def test_feedback_and_the_quiz_come_at_once(page: Page, quiz: Locator) -> None:
    clicks = sorted(click_times(quiz, SINGLE, 40))
    assert clicks[37] < 1000, "p95 in milliseconds; python -m tests.benchmarks has true numbers"
    renders = sorted(render_times(page, 5))
    assert renders[-1] < 3000
