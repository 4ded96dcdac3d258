"""How soon a quiz answers and shows itself, in JupyterLab in Chromium."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from course.testing import NO_BROWSER, find_chromium
from tests.browser.conftest import CHROMIUM_ARGUMENTS
from tests.browser.quizzing import click_times, render_times, the_quiz
from tests.browser.served import end_kernels, serving
from tests.browser.steps import notebook_of, open_notebook, run_all

CLICKS, RENDERS = 100, 20
QUIZ = "from quizzes import checkpoint\nquiz = checkpoint('first-function')\nquiz"


def in_the_page() -> tuple[float, float]:
    """Milliseconds, 95 in 100, from a click to feedback and from running a cell to its quiz."""
    chromium = find_chromium()
    assert chromium, NO_BROWSER
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        notebooks, config = root / "notebooks", root / ".jupyter-data" / "config"
        notebooks.mkdir()
        config.mkdir(parents=True)
        exposed = {"LabApp": {"expose_app_in_browser": True}}
        (config / "jupyter_server_config.json").write_text(json.dumps(exposed))
        (notebooks / "00-start-here.ipynb").write_text(notebook_of("1"))
        (notebooks / "80-quiz.ipynb").write_text(notebook_of(QUIZ))
        with serving(root) as served:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
            page = browser.new_page()
            open_notebook(page, served, "80")
            run_all(page)
            clicks = sorted(click_times(the_quiz(page), 0, CLICKS))
            renders = sorted(render_times(page, RENDERS))
            browser.close()
            end_kernels(served)
    return clicks[int(CLICKS * 0.95)], renders[int(RENDERS * 0.95)]
