"""The live map in a real JupyterLab: it follows the learner, and carries progress away and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from quizzes.store import Store
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import notebook_of, open_notebook, panel_of, run_all

MAP = """import os
os.environ["BINDER_LAUNCH_HOST"] = "here"
from course import course_map
course_map()"""
LOOK_AWAY = """node => new Promise(done => {
    new IntersectionObserver(([entry], observer) => {
        if (entry.isIntersecting) return;
        observer.disconnect();
        done();
    }).observe(node);
    node.hidden = true;
})"""


@pytest.fixture
def lab(jupyterlab: Served) -> Iterator[Served]:
    """JupyterLab with a notebook that shows the map, and nothing answered yet."""
    path = jupyterlab.root / "notebooks" / "82-map.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(notebook_of(MAP), encoding="utf-8")
    for suffix in ("", "-wal", "-shm"):
        jupyterlab.progress.with_name(jupyterlab.progress.name + suffix).unlink(missing_ok=True)
    yield jupyterlab
    path.unlink(missing_ok=True)


@pytest.fixture
def the_map(page: Page, lab: Served) -> Locator:
    open_notebook(page, lab, "82")
    run_all(page)
    found = panel_of(page).locator(".cs-map")
    found.wait_for(timeout=PATIENCE)
    return found


def test_map_follows_what_is_done_in_another_notebook(
    page: Page, lab: Served, the_map: Locator
) -> None:
    first = the_map.locator("li").first
    expect(first).to_contain_text(re.compile(r"00 · Start here \(\d+ min\): not begun"))
    expect(the_map.locator(".cs-map-advice")).to_contain_text("Next: 00 · Start here: begin it.")
    Store(str(lab.progress)).record("exercise", "start_here.total", None, "passed", 1)
    the_map.evaluate(LOOK_AWAY)
    the_map.evaluate("node => { node.hidden = false }")
    expect(first).not_to_contain_text("not begun", timeout=PATIENCE)


def test_progress_is_downloaded_and_brought_back_by_the_page(
    page: Page, lab: Served, the_map: Locator, tmp_path: Path
) -> None:
    expect(the_map.locator(".cs-map-reminder")).to_contain_text("Binder")
    progress = Store(str(lab.progress))
    attempt = progress.record("exercise", "start_here.total", None, "passed", 1)
    with page.expect_download(timeout=PATIENCE) as downloaded:
        the_map.get_by_role("button", name="Download my progress").click()
    file = tmp_path / "mine.json"
    downloaded.value.save_as(file)
    assert downloaded.value.suggested_filename.startswith("cold-start-progress-")
    assert [each["uuid"] for each in json.loads(file.read_text())["attempts"]] == [attempt.uuid]

    lab.progress.unlink()  # the next session
    with page.expect_file_chooser() as choosing:
        the_map.get_by_role("button", name="Upload progress").click()
    choosing.value.set_files(file)
    said = the_map.get_by_role("status")
    expect(said).to_have_text("mine.json: 1 entry added.", timeout=PATIENCE)
    expect(the_map.locator("li").first).not_to_contain_text("not begun")
    assert [each.uuid for each in Store(str(lab.progress)).attempts()] == [attempt.uuid]

    (tmp_path / "other.json").write_text("<b>shopping</b>")
    the_map.locator("input").set_input_files(tmp_path / "other.json")
    expect(said).to_contain_text("other.json is not a progress file", timeout=PATIENCE)


def test_link_on_the_map_opens_the_notebook_in_a_tab(page: Page, the_map: Locator) -> None:
    the_map.get_by_role("link", name="Your first function").first.click()
    tab = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tabLabel", has_text="02-your-first")
    expect(tab).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".cs-map")).to_have_count(1)  # the page was not left


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_no_rule_of_accessibility_is_broken(page: Page, the_map: Locator, theme: str) -> None:
    page.set_viewport_size({"width": 1000, "height": 900})
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    page.wait_for_function(
        "name => document.body.dataset.jpThemeName === name", arg=theme, timeout=PATIENCE
    )
    try:
        # JupyterLab's body has no height, which axe takes for "everything is hidden".
        page.add_style_tag(content="body { height: 100vh }")
        found = Axe().run(page, context=".cs-map").response
        broken = [(each["id"], each["impact"], each["help"]) for each in found["violations"]]
        assert broken == []
    finally:
        page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme',"
            " {theme: 'JupyterLab Light'})"
        )
