"""The explorers in a real JupyterLab: by mouse, by keyboard, typed, in both themes, in time."""

from __future__ import annotations

import os
import signal
import statistics
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.served import PATIENCE, Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, run_all

COST = "from labsupport.explorers import cost_explorer\n\npanel = cost_explorer()\npanel"
COMPUTE = "from labsupport.explorers import compute_explorer\n\ncompute_explorer()"
CHOOSER = "from labsupport.explorers import compute_chooser\n\ncompute_chooser(needs='system')"
TIMES = """
async node => {
    const slider = node.querySelector("input[type=range]");
    const answer = node.querySelector(".cs-answer");
    const taken = [];
    for (let n = 0; n < 15; n += 1) {
        const answered = new Promise(done => {
            new MutationObserver((_, seen) => { seen.disconnect(); done(); })
                .observe(answer, {childList: true});
        });
        const begin = performance.now();
        slider.value = Number(slider.value) + (n < 8 ? 1 : -1);
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        await answered;
        await new Promise(requestAnimationFrame);
        taken.push(performance.now() - begin);
        await new Promise(done => setTimeout(done, 50));
    }
    return taken;
}
"""


@pytest.fixture
def lab(jupyterlab: Served) -> Iterator[Served]:
    """JupyterLab with a notebook for each explorer."""
    folder = jupyterlab.root / "notebooks"
    folder.mkdir(exist_ok=True)
    sources = {"82-cost": COST, "83-compute": COMPUTE, "84-chooser": CHOOSER}
    pid = "import os; print('pid', os.getpid())"
    paths = [folder / f"{name}.ipynb" for name in sources]
    for path, source in zip(paths, sources.values(), strict=True):
        path.write_text(notebook_of(source, pid), encoding="utf-8")
    yield jupyterlab
    for path in paths:
        path.unlink(missing_ok=True)


def shown(page: Page, lab: Served, name: str) -> Locator:
    open_notebook(page, lab, name)
    run_all(page)
    explorer = panel_of(page).locator(".cs-explorer").first
    explorer.wait_for(timeout=PATIENCE)
    return explorer


@pytest.fixture
def cost(page: Page, lab: Served) -> Locator:
    """The first explorer, in a notebook that has been run."""
    return shown(page, lab, "82")


def finding(explorer: Locator) -> Locator:
    return explorer.locator(".cs-finding")


def test_a_slider_a_number_and_a_choice_change_the_answer(cost: Locator) -> None:
    expect(finding(cost)).to_have_text(
        "USD 2.73 a month, 85% of it for compute; on Arm it would be USD 2.27."
    )
    cost.get_by_role("spinbutton", name="Requests per month").fill("6000000")
    expect(finding(cost)).to_contain_text("USD 12.33 a month")
    cost.get_by_label("Architecture").select_option("arm64")
    expect(finding(cost)).to_contain_text("on x86 it would be USD 12.33.")
    cost.get_by_label("Take off the monthly free tier").uncheck()
    expect(cost.get_by_role("row", name="total")).to_contain_text("15.60")
    expect(cost.get_by_role("img")).to_have_attribute(
        "aria-label",
        "Bars of the bill's lines in US dollars: requests USD 1.20, compute USD 14.40.",
    )


def test_works_by_keyboard_alone_and_keeps_the_focus(page: Page, cost: Locator) -> None:
    cells = panel_of(page).locator(".jp-Cell").count()
    slider = cost.get_by_role("slider", name="Memory, slider")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "1,536 MB")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "1,769 MB")
    page.keyboard.press("Tab")
    field = cost.get_by_role("spinbutton", name="Memory MB")
    expect(field).to_be_focused()
    expect(field).to_have_value("1769")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("2000")
    expect(cost.get_by_role("row", name="compute")).to_contain_text("1.953125 GB")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")
    expect(cost.get_by_label("Architecture")).to_be_focused()
    page.keyboard.type("x")
    assert panel_of(page).locator(".jp-Cell").count() == cells


def test_the_chooser_shows_new_reasons_under_a_finding_that_stays(page: Page, lab: Served) -> None:
    chooser = shown(page, lab, "84")
    before = finding(chooser).inner_text()
    assert before.startswith("First choice: virtual machines on Amazon EC2")
    row = chooser.get_by_role("row", name="it is paid for while nobody asks")
    expect(row).to_have_count(0)
    chooser.get_by_label("It is asked for").focus()
    page.keyboard.press("ArrowUp")
    expect(row).to_have_count(1)
    expect(finding(chooser)).to_have_text(before)
    chooser.get_by_label("It needs").select_option("usual")
    expect(finding(chooser)).to_contain_text("First choice: Lambda, on demand")


def test_what_makes_no_sense_is_said_and_the_answer_stays(cost: Locator) -> None:
    before = finding(cost).inner_text()
    field = cost.get_by_role("spinbutton", name="Memory MB")
    field.fill("64")
    problem = cost.locator(".cs-problem")
    expect(problem).to_have_text("memory_mb=64 is out of range: give 128 to 10,240.")
    expect(finding(cost)).to_have_text(before)
    expect(field).to_have_value("64")
    field.fill("1024")
    expect(problem).to_be_empty()
    expect(finding(cost)).not_to_have_text(before)


@pytest.mark.parametrize("name", ["82", "83"])
def test_answers_a_slider_within_150_ms(page: Page, lab: Served, name: str) -> None:
    explorer = shown(page, lab, name)
    taken = explorer.evaluate(TIMES)
    assert statistics.median(taken) < 150, taken


def test_what_is_dragged_is_sent_now_and_then_and_ends_right(page: Page, cost: Locator) -> None:
    sent = cost.evaluate(
        """async node => {
            const slider = node.querySelector("input[type=range]");
            let changes = 0;
            const seen = new MutationObserver(() => { changes += 1; });
            seen.observe(node.querySelector(".cs-answer"), {childList: true});
            for (let n = 0; n <= Number(slider.max); n += 1) {
                slider.value = n;
                slider.dispatchEvent(new Event("input", {bubbles: true}));
                await new Promise(done => setTimeout(done, 2));
            }
            await new Promise(done => setTimeout(done, 1000));
            return [Number(slider.max), changes];
        }"""
    )
    assert sent[1] < sent[0] / 2, "debounced"
    expect(cost.get_by_role("row", name="requests")).to_contain_text("1,000,000,000")


def test_kernel_that_does_not_answer_is_told_in_words(page: Page, cost: Locator) -> None:
    printed = panel_of(page).get_by_text("pid ").last.inner_text()
    kernel = int(printed.split()[-1])
    os.kill(kernel, signal.SIGSTOP)
    try:
        cost.get_by_label("Architecture").select_option("arm64")
        expect(cost.locator(".cs-problem")).to_contain_text("run this cell again", timeout=6000)
    finally:
        os.kill(kernel, signal.SIGCONT)
    expect(cost.locator(".cs-problem")).to_be_empty()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("name", ["82", "83", "84"])
def test_no_rule_of_accessibility_is_broken(page: Page, lab: Served, theme: str, name: str) -> None:
    def change_theme(name: str) -> None:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name, timeout=PATIENCE
        )

    explorer = shown(page, lab, name)
    try:
        change_theme(theme)
        explorer.get_by_text("Taken for granted").click()
        if name != "84":
            explorer.get_by_role("spinbutton").nth(2).fill("64")
            expect(explorer.locator(".cs-problem")).not_to_be_empty()
        # JupyterLab's body has no height, which axe takes for "everything is hidden".
        page.add_style_tag(content="body { height: 100vh }")
        found = Axe().run(page, context=".cs-explorer").response
        broken = [
            (each["id"], each["help"], each["nodes"][0]["html"]) for each in found["violations"]
        ]
        assert broken == []
    finally:
        change_theme("JupyterLab Light")
