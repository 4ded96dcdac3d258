"""The exam in a real JupyterLab: by keyboard alone, through a reload, to the report."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocket, expect

from quizzes import load_bank
from quizzes.markup import to_text
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import (
    notebook_of,
    open_notebook,
    panel_of,
    restart_kernel,
    run_all,
    run_command,
    wait_idle,
)

EXAM = "from course import exam\n\nexam()"
PRACTICE = "from course import practice\n\npractice()"
DRILL = "from course import interview\n\ninterview(minutes=10)"
BEGIN = {"82": "Begin the exam", "83": "Begin practice", "84": "Begin the drill"}


@pytest.fixture
def lab(jupyterlab: Served) -> Iterator[Served]:
    """JupyterLab with notebooks that show exam, practice and drill, and nothing answered yet."""
    folder = jupyterlab.root / "notebooks"
    folder.mkdir(exist_ok=True)
    notebooks = {
        folder / "82-exam.ipynb": EXAM,
        folder / "83-practice.ipynb": PRACTICE,
        folder / "84-drill.ipynb": DRILL,
    }
    for path, cell in notebooks.items():
        path.write_text(notebook_of(cell), encoding="utf-8")
    for suffix in ("", "-wal", "-shm"):
        jupyterlab.progress.with_name(jupyterlab.progress.name + suffix).unlink(missing_ok=True)
    yield jupyterlab
    for path in notebooks:
        path.unlink(missing_ok=True)


def shown(page: Page, lab: Served, name: str) -> Locator:
    open_notebook(page, lab, name)
    run_all(page)
    return the_exam(page)


def the_exam(page: Page) -> Locator:
    exam = panel_of(page).locator(".cs-quiz").first
    exam.wait_for(timeout=PATIENCE)
    return exam


def button(exam: Locator, name: str) -> Locator:
    return exam.locator(".cs-foot").get_by_role("button", name=name, exact=True)


def begun(page: Page, lab: Served, name: str = "82") -> Locator:
    exam = shown(page, lab, name)
    button(exam, BEGIN[name]).click()
    expect(exam.locator("form")).to_have_count(1)
    return exam


def overview(exam: Locator) -> Locator:
    return exam.get_by_role("navigation", name="All questions").get_by_role("button")


def answer(exam: Locator) -> None:
    """Answer the question that is shown, in some way that its kind takes."""
    form = exam.locator("form")
    for each in form.locator("select").all():
        each.select_option(index=1)
    for each in form.locator("input[type=text], textarea").all():
        each.fill("3")
        each.blur()
    if form.locator("input[type=radio], input[type=checkbox]").count():
        form.locator("input[type=radio], input[type=checkbox]").first.check()
    elif not form.locator("select, input, textarea").count():
        form.get_by_role("button", name="Save").click()


def answer_a_choice(exam: Locator) -> int:
    """Go to the first question with options, choose one, and return its number."""
    bank = load_bank()
    for number in range(1, overview(exam).count() + 1):
        overview(exam).nth(number - 1).click()
        expect(exam.locator("legend")).to_contain_text(f"Question {number} of")
        if bank[str(exam.locator("form").get_attribute("data-question"))].kind == "single":
            break
    exam.locator("form input[type=radio]").first.check()
    return number


def expect_saved(exam: Locator, number: int) -> None:
    name = f"Question {number}: Saved"
    expect(overview(exam).nth(number - 1)).to_have_accessible_name(name)


def stored(served: Served, kind: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(served.progress)) as database:
        query = "select item_id, outcome from attempts where kind = ? order by id"
        return list(database.execute(query, (kind,)))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('form')?.dataset.question ?? ''"))


def test_by_keyboard_from_the_start_to_the_report(page: Page, lab: Served) -> None:
    exam = shown(page, lab, "82")
    expect(exam).to_contain_text("70 percent of the points pass")
    button(exam, "Begin the exam").focus()
    page.keyboard.press("Enter")
    expect(exam.get_by_role("timer")).to_contain_text(re.compile(r"Time left: \d+:\d\d"))
    total = overview(exam).count()
    assert total >= 5
    expect(exam.locator("form")).to_have_count(1)
    bank = load_bank()
    for number in range(1, total + 1):
        expect(exam.locator("legend")).to_contain_text(f"Question {number} of {total}")
        here = str(exam.locator("form").get_attribute("data-question"))
        assert focused(page) == here, "the question that came has the focus"
        if bank[here].kind == "single":
            page.keyboard.press("Space")
            expect_saved(exam, number)
            expect(exam.locator("form").get_by_role("status")).to_contain_text("Saved:")
        for _ in range(60):
            if page.evaluate("document.activeElement.textContent") == "Next":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        if number < total:
            expect(exam.locator("legend")).to_contain_text(f"Question {number + 1} of")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Finish
    expect(exam.locator(".cs-notice")).to_contain_text("Finish all the same?")
    expect(button(exam, "Go on answering")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(exam, "Finish")).to_be_visible()
    button(exam, "Finish").press("Enter")
    expect(button(exam, "Go on answering")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Finish now
    expect(exam.locator(".cs-intro")).to_contain_text("percent are needed")
    expect(exam.locator(".cs-intro")).to_be_focused()
    expect(exam.locator("form")).to_have_count(0)
    assert [outcome for _, outcome in stored(lab, "sitting")] == ["begun", "finished"]


def test_nothing_is_told_before_the_end(page: Page, lab: Served) -> None:
    frames: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: frames.append(str(data)))

    page.on("websocket", listen)
    exam = begun(page, lab)
    for number in range(overview(exam).count()):
        overview(exam).nth(number).click()
        expect(exam.locator("legend")).to_contain_text(f"Question {number + 1} of")
        answer(exam)
    expect(exam.locator("form")).not_to_contain_text("Right.")
    told = "".join(frames) + page.content()
    assert not [word for word in ("Not quite", "Right.", "Partly right") if word in told]
    reasons = [
        option.reason
        for question in load_bank().values()
        for option in (getattr(question, "options", None) or {}).values()
        if "{" not in option.reason and "`" not in option.reason and "'" not in option.reason
    ]
    assert reasons
    assert not [reason for reason in reasons if reason in told]


def test_page_loaded_again_goes_on_with_the_clock_right(page: Page, lab: Served) -> None:
    exam = begun(page, lab)
    number = answer_a_choice(exam)
    expect_saved(exam, number)
    overview(exam).nth(0).click()
    expect(exam.locator("legend")).to_contain_text("Question 1 of")
    run_command(page, "docmanager:save")
    before = seconds_left(exam)
    page.wait_for_timeout(2500)
    page.reload()
    wait_idle(page)
    again = the_exam(page)
    expect(again.locator("legend")).to_contain_text("Question 1 of")
    expect_saved(again, number)
    page.wait_for_function(
        """before => {
            const shown = document.querySelector('.cs-timer')?.textContent.match(/(\\d+):(\\d\\d)/);
            return shown && Number(shown[1]) * 60 + Number(shown[2]) <= before - 2;
        }""",
        arg=before,
        timeout=5000,
    )
    button(again, "Next").click()
    expect(again.locator("legend")).to_contain_text("Question 2 of")


def test_restarted_kernel_goes_on_with_answers_and_end(page: Page, lab: Served) -> None:
    exam = begun(page, lab)
    number = answer_a_choice(exam)
    expect_saved(exam, number)
    before = seconds_left(exam)
    restart_kernel(page)
    run_all(page)
    again = the_exam(page)
    expect_saved(again, number)
    assert before - 120 < seconds_left(again) <= before


def seconds_left(exam: Locator) -> int:
    text = exam.get_by_role("timer").inner_text()
    found = re.search(r"(\d+):(\d\d)", text)
    assert found, text
    return int(found[1]) * 60 + int(found[2])


def test_practice_tells_at_once(page: Page, lab: Served) -> None:
    exam = begun(page, lab, "83")
    expect(exam.get_by_role("timer")).to_be_hidden()
    number = answer_a_choice(exam)
    exam.locator("form").get_by_role("button", name="Check").click()
    said = exam.locator("form").get_by_role("status")
    expect(said).to_contain_text(re.compile(r"Right\.|Not quite\."))
    name = re.compile(f"Question {number}: (Right|Not yet right)")
    expect(overview(exam).nth(number - 1)).to_have_accessible_name(name)


def test_drill_shows_the_model_answer_then_takes_a_rating(
    page: Page, lab: Served, tmp_path: Path
) -> None:
    drill = begun(page, lab, "84")
    expect(drill.get_by_role("timer")).to_contain_text("Time left: ")
    form = drill.locator("form")
    here = str(form.get_attribute("data-question"))
    point = to_text(load_bank()[here].instance().solution()).splitlines()[-1].removeprefix("- ")
    expect(form).not_to_contain_text(point.replace("`", ""))
    form.get_by_role("button", name="Model answer").click()
    expect(form).to_contain_text(point.replace("`", ""))
    form.locator("input[type=radio]").nth(2).check()
    page.screenshot(path=tmp_path / "drill.png")
    form.get_by_role("button", name="Rate").click()
    expect(overview(drill).first).to_have_accessible_name("Question 1: Partly right")
    assert (here, "partly") in stored(lab, "quiz")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_rule_of_accessibility_is_broken(
    page: Page, lab: Served, theme: str, tmp_path: Path
) -> None:
    def change_theme(name: str) -> None:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name, timeout=PATIENCE
        )

    def broken(stage: str) -> list[Any]:
        page.mouse.move(0, 0)
        page.screenshot(path=tmp_path / f"{stage}.png")
        found = Axe().run(page, context=".cs-quiz").response
        return [(stage, each["id"], each["help"]) for each in found["violations"]]

    page.set_viewport_size({"width": 1000, "height": 900})
    exam = shown(page, lab, "82")
    try:
        change_theme(theme)
        # JupyterLab's body has no height, which axe takes for "everything is hidden".
        page.add_style_tag(content="body { height: 100vh }")
        found = broken("offer")
        button(exam, "Begin the exam").click()
        expect(exam.locator("form")).to_have_count(1)
        expect_saved(exam, answer_a_choice(exam))
        found += broken("question")
        button(exam, "Finish").click()
        expect(button(exam, "Go on answering")).to_be_visible()
        found += broken("asked")
        button(exam, "Finish now").click()
        expect(exam.locator(".cs-intro table")).to_be_visible()
        exam.locator("summary").first.click()
        found += broken("report")
        assert found == []
        assert exam.evaluate("n => n.scrollWidth <= n.clientWidth")
    finally:
        change_theme("JupyterLab Light")
