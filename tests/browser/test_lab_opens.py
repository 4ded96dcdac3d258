"""``python3 -m course lab`` shows the first notebook ready to be read and run."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, expect

from course.requirements import ROOT
from tests.browser.served import PATIENCE, CopyCourse, Served, call, end_kernels, serving
from tests.browser.steps import (
    open_notebook,
    panel_of,
    restart_kernel,
    run_all,
    run_command,
    wait_idle,
)

TRUSTED = "this output was allowed to run"
FIRST = "00-start-here.ipynb"


def notebook(*cells: dict[str, Any]) -> str:
    """Return a notebook of these cells as it is stored."""
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    numbered = [{"id": f"cell-{i}", "metadata": {}, **cell} for i, cell in enumerate(cells)]
    return json.dumps({"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


TEXT = {"cell_type": "markdown", "source": "# A small one\n\n## First part\n\n## Second part"}
CODE = {
    "cell_type": "code",
    "execution_count": 1,
    "outputs": [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {
                "text/plain": "nothing",
                "text/html": f"<img src='' onerror=\"this.parentElement.innerText='{TRUSTED}'\">",
            },
        }
    ],
    "source": "import course, os, shutil\nprint(6 * 7, course.__file__, shutil.which('aws'))",
}


def small_course(root: Path) -> Path:
    """Put a small notebook in the place of the first one."""
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "notebooks" / FIRST).write_text(notebook(TEXT, CODE))
    return root


@pytest.fixture(scope="module")
def small(course_copy: CopyCourse) -> Iterator[Served]:
    """A lab on a course of one small notebook."""
    with serving(small_course(course_copy("small"))) as served:
        yield served


@pytest.fixture
def opened(small: Served, page: Page) -> Iterator[Page]:
    """That notebook, as it was at first, in a page of its own."""
    small_course(small.root)
    open_notebook(page, small, FIRST)
    yield page
    end_kernels(small)


@pytest.fixture
def new(course_copy: CopyCourse) -> Iterator[Served]:
    """A lab that nobody has looked at yet."""
    with serving(small_course(course_copy("new"))) as served:
        yield served


def test_contents_stand_beside_the_notebook_and_nothing_pops_up(new: Served, page: Page) -> None:
    page.goto(new.address)
    wait_idle(page)
    expect(panel_of(page).get_by_role("heading", name="A small one")).to_be_visible()
    contents = page.locator(".jp-TableOfContents")
    expect(contents).to_be_visible()
    expect(contents.get_by_text("Second part")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)


def test_contents_closed_by_the_learner_stay_closed(new: Served, page: Page) -> None:
    page.goto(new.address)
    wait_idle(page)
    page.get_by_role("tab", name="Table of Contents").click()
    expect(page.locator(".jp-TableOfContents")).to_be_hidden()
    (layout,) = (new.root / ".jupyter-data" / "config" / "lab" / "workspaces").iterdir()
    deadline = time.monotonic() + PATIENCE / 1000
    while '"left":{"collapsed":true' not in layout.read_text():
        assert time.monotonic() < deadline, "the layout was not saved"
        page.wait_for_timeout(100)
    page.goto(new.address)
    wait_idle(page)
    expect(page.locator(".jp-TableOfContents")).to_be_hidden()


def test_nothing_is_asked_of_another_machine(new: Served, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(new.address)
    wait_idle(page)
    page.wait_for_load_state("networkidle")
    assert asked
    assert [url for url in asked if not url.startswith((new.origin, "data:", "blob:"))] == []
    assert [url for url in asked if "/news" in url or "/update" in url] == []


def test_no_part_of_the_page_fails(new: Served, page: Page) -> None:
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on(
        "console",
        lambda said: failures.append(said.text) if "plugin" in said.text.lower() else None,
    )
    page.goto(new.address)
    wait_idle(page)
    assert failures == []


def test_stored_outputs_are_trusted_also_after_an_update(small: Served, opened: Page) -> None:
    expect(panel_of(opened).get_by_text(TRUSTED)).to_be_visible()
    updated = CODE | {"source": "print('a newer edition of this cell')"}
    (small.root / "notebooks" / FIRST).write_text(notebook(TEXT, updated))
    panel = open_notebook(opened, small, FIRST)
    expect(panel.get_by_text("a newer edition")).to_be_visible()
    expect(panel.get_by_text(TRUSTED)).to_be_visible()


def test_widget_without_its_kernel_gives_way_to_its_text(small: Served, page: Page) -> None:
    view = {"model_id": "0123456789abcdef", "version_major": 2, "version_minor": 0}
    data = {
        "text/html": "<p>the questions as text</p>",
        "text/plain": "questions",
        "application/vnd.jupyter.widget-view+json": view,
    }
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    (small.root / "notebooks" / FIRST).write_text(notebook(TEXT, CODE | {"outputs": [output]}))
    panel = open_notebook(page, small, FIRST)
    expect(panel.get_by_text("the questions as text")).to_be_visible()
    expect(panel.get_by_text("Error displaying widget")).to_have_count(0)
    end_kernels(small)


def test_notebooks_from_elsewhere_are_not_trusted(small: Served, page: Page) -> None:
    other = CODE | {"source": "print('not of this course')"}
    (small.root / "downloads").mkdir()
    (small.root / "downloads" / "other.ipynb").write_text(notebook(TEXT, other))
    page.goto(f"{small.origin}/lab/tree/downloads/other.ipynb?{small.query}")
    wait_idle(page)
    expect(panel_of(page).get_by_role("heading", name="A small one")).to_be_visible()
    expect(panel_of(page).get_by_text(TRUSTED)).to_have_count(0)


def test_kernel_finds_the_course_and_the_aws_command(opened: Page) -> None:
    output = run_all(opened).locator(".jp-OutputArea-output").last
    expect(output).to_contain_text("42")
    expect(output).to_contain_text(str(ROOT / "course"))
    expect(output).not_to_contain_text("None")


def test_keyboard_alone_runs_a_cell_and_saves_it(small: Served, opened: Page) -> None:
    panel_of(opened).locator(".jp-Cell").first.focus()
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Shift+Enter")
    expect(panel_of(opened).get_by_text("42")).to_be_visible(timeout=PATIENCE)
    wait_idle(opened)
    with opened.expect_response(
        lambda reply: "/api/contents/" in reply.url and reply.request.method == "PUT"
    ):
        opened.keyboard.press("Control+s")
    stored = json.loads((small.root / "notebooks" / FIRST).read_text())
    assert "42" in json.dumps(stored["cells"][1]["outputs"])


def test_restarted_kernel_has_forgotten(opened: Page) -> None:
    run_all(opened)
    restart_kernel(opened)
    run_command(opened, "notebook:insert-cell-below")
    opened.keyboard.press("Enter")
    opened.keyboard.type("'course' in dir()")
    opened.keyboard.press("Shift+Enter")
    expect(panel_of(opened).get_by_text("False", exact=True)).to_be_visible(timeout=PATIENCE)


def test_server_answers_only_with_its_token_and_on_this_machine(small: Served) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{small.origin}/api/contents", timeout=10)
    listening = [
        each.laddr.ip
        for each in psutil.Process(small.pid).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_ctrl_c_closes_the_lab_and_its_kernels_without_a_question(course_copy: CopyCourse) -> None:
    import pty

    controller, terminal = pty.openpty()
    with serving(small_course(course_copy("stopped")), terminal) as served:
        call(served, "POST", "kernels")
        server = psutil.Process(served.pid)
        family = [server, *server.children(recursive=True)]
        assert len(family) > 1
    assert psutil.wait_procs(family, timeout=10)[1] == []
    os.close(terminal)
    os.close(controller)


def test_own_jupyter_configuration_is_neither_read_nor_changed(
    course_copy: CopyCourse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [
        tmp_path / ".jupyter" / "jupyter_server_config.py",
        tmp_path / ".ipython" / "profile_default" / "startup" / "00-own.py",
    ]
    for path in own:
        path.parent.mkdir(parents=True)
        path.write_text("raise SystemExit('the learner\\'s own configuration was read')")
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.delenv(variable, raising=False)
    with serving(small_course(course_copy("own"))) as served:
        call(served, "POST", "kernels")
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(own)


@pytest.mark.skipif(
    not (ROOT / "notebooks" / FIRST).exists(), reason="the first notebook has not been built"
)
def test_the_first_notebook_opens_as_built(jupyterlab: Served, page: Page) -> None:
    page.goto(jupyterlab.address)
    wait_idle(page)
    expect(panel_of(page).get_by_role("heading").first).to_be_visible()
    expect(page.locator(".jp-TableOfContents").get_by_role("treeitem").first).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
