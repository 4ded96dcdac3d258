"""What a person does in JupyterLab, for the browser tests."""

from __future__ import annotations

import json
import re
import uuid

from playwright.sync_api import Locator, Page

from tests.browser.served import PATIENCE, Served

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook_of(*cells: str) -> str:
    """Return a notebook of these code cells, as its file holds it."""
    made = [
        {
            "cell_type": "code",
            "id": f"cell-{n}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for n, source in enumerate(cells)
    ]
    metadata = {"kernelspec": KERNELSPEC}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def open_notebook(page: Page, served: Served, name: str) -> Locator:
    """Open a notebook ("02" or a whole name) in a workspace of its own; return its panel."""
    path = next((served.root / "notebooks").glob(f"{name.removesuffix('.ipynb')}*.ipynb"))
    relative = path.relative_to(served.root).as_posix()
    workspace = f"test-{uuid.uuid4().hex}"
    page.goto(f"{served.origin}/lab/workspaces/{workspace}/tree/{relative}?{served.query}")
    return wait_idle(page)


def panel_of(page: Page) -> Locator:
    """Return the notebook that is shown."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def wait_idle(page: Page) -> Locator:
    """Wait until the notebook shown has a kernel with nothing to do; return its panel."""
    page.wait_for_function(
        """() => {
            const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
            const prompts = [...document.querySelectorAll('.jp-InputPrompt')];
            return context?.isReady && context.session?.kernel?.status === 'idle'
                && prompts.length && !prompts.some(prompt => prompt.textContent.includes('*'));
        }""",
        timeout=PATIENCE,
    )
    return panel_of(page)


def run_all(page: Page) -> Locator:
    """Run all cells to the end, or to the first error; return the notebook's panel."""
    wait_idle(page)
    run_command(page, "notebook:run-all-cells")
    return wait_idle(page)


def restart_kernel(page: Page) -> Locator:
    """Restart the kernel from the menu; return the notebook's panel."""
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
    page.locator(".jp-Dialog").get_by_text("Restart", exact=True).click()
    page.locator(".jp-Dialog").wait_for(state="detached")
    return wait_idle(page)


def run_command(page: Page, name: str) -> None:
    """Run one of JupyterLab's commands to its end, such as "docmanager:save"."""
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)
