"""The lab's console in a real JupyterLab: live, by keyboard, under load, after a restart."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser import busy_lab
from tests.browser.served import PATIENCE, Served
from tests.browser.steps import (
    notebook_of,
    open_notebook,
    panel_of,
    restart_kernel,
    run_all,
    wait_idle,
)

LOAD = 300
FRAMES = """
node => {
    const gaps = [], tasks = [];
    let last = performance.now();
    const frame = now => {
        gaps.push(now - last);
        last = now;
        if (!window.measured.ended) requestAnimationFrame(frame);
    };
    const seen = new PerformanceObserver(list => {
        for (const entry of list.getEntries()) tasks.push(entry.duration);
    });
    seen.observe({type: "longtask"});
    window.measured = {gaps, tasks, begin: last, ended: 0};
    requestAnimationFrame(frame);
}
"""

Show = Callable[..., Locator]


@pytest.fixture
def show(page: Page, jupyterlab: Served) -> Iterator[Show]:
    """Run cells that end with a console, in a notebook of their own; further cells are not run."""
    folder = jupyterlab.root / "notebooks"
    path = folder / "84-console.ipynb"

    def shown(*cells: str) -> Locator:
        path.write_text(notebook_of(*cells), encoding="utf-8")
        open_notebook(page, jupyterlab, "84")
        run_all(page)
        console = panel_of(page).locator(".cs-console").last
        console.wait_for(timeout=PATIENCE)
        return console

    yield shown
    path.unlink(missing_ok=True)


@pytest.fixture
def console(show: Show) -> Locator:
    """The console of a lab that has something of everything."""
    return show(busy_lab.START, busy_lab.QUEUES, busy_lab.SHOW)


def tab(console: Locator, name: str) -> Locator:
    return console.get_by_role("tab", name=name)


def run_below(page: Page, code: str, *, wait: bool = True) -> None:
    """Type code into a new last cell and run it."""
    page.evaluate(
        """async ([code, wait]) => {
            const { commands, shell } = window.jupyterapp;
            const { content } = shell.currentWidget;
            content.activeCellIndex = content.widgets.length - 1;
            await commands.execute('notebook:insert-cell-below');
            content.activeCell.model.sharedModel.setSource(code);
            const done = commands.execute('notebook:run-cell');
            if (wait) await done;
        }""",
        [code, wait],
    )


def column(console: Locator, region: str, number: int) -> list[str]:
    cells = console.get_by_role("region", name=region).locator(f"tbody tr > :nth-child({number})")
    return cells.all_inner_texts()


# What it shows


def test_shows_what_the_lab_has_and_nothing_of_it_as_html(page: Page, console: Locator) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    row = console.get_by_role("row", name="greeter Active 0 3 1 0 256 MB 5 s python3.14")
    expect(row).to_be_visible()
    expect(
        console.get_by_role("row", name=re.compile("resize-photo Active 0 of 1 "))
    ).to_be_visible()
    expect(console.locator(".cs-state")).to_have_text("live · us-east-1 · 2 functions")
    outcomes = column(console, "Invocations, newest first", 3)
    assert outcomes == ["✗ failed: AttributeError", *["✓ succeeded"] * 3]
    expect(console.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("The last minute: . succeeded, . failed, 0 throttled.")
    )
    tab(console, "Queues and streams").click()
    assert column(console, "Queues", 1) == ["failed-photos", "photos"]
    assert column(console, "Queues", 2) == ["dead-letter queue", "queue"]
    assert column(console, "Streams", 1) == ["clicks"]
    tab(console, "Dead letters (1)").click()
    summary = console.locator("summary", has_text="<img src=x onerror=alert(1)>: <b>π🦊</b>")
    summary.click()
    expect(console.locator("details pre").first).to_have_text("<b>π🦊</b>")

    bad = json.dumps('<img src=x onerror="alert(2)"><script>alert(3)</script>π')
    run_below(page, f"call('greeter', {{'name': {bad}}})")
    run_below(page, "create('line', 'def handler(e, c): print(\"x\" * 100_000)'); call('line', 1)")
    tab(console, "Log").click()
    log = console.get_by_role("log")
    expect(log).to_contain_text("<script>alert(3)</script>")
    expect(log).to_contain_text("… (98,000 more characters)")
    assert console.locator("img, script, b").count() == 0
    assert dialogs == []


def test_log_is_filtered_and_followed(page: Page, console: Locator) -> None:
    tab(console, "Log").click()
    log = console.get_by_role("log")
    console.get_by_label("Filter").fill("GREETING")
    expect(log.locator(".cs-line")).to_have_count(4)
    run_below(page, "call('greeter', {'name': 'Grace'})\ncall('resize-photo', {'key': 1})")
    expect(log).to_contain_text("greeting {'name': 'Grace'}")
    expect(log.locator(".cs-line")).to_have_count(5)
    console.get_by_label("Filter").fill("")
    expect(log).to_contain_text("REPORT")
    at_end = "n => n.scrollHeight > n.clientHeight && n.scrollTop + n.clientHeight"
    at_end += " >= n.scrollHeight - 2"
    assert log.evaluate(at_end)
    log.focus()
    page.keyboard.press("Home")
    expect(console.get_by_label("Follow")).not_to_be_checked()
    run_below(page, "call('greeter', {'name': 'Edsger'})")
    expect(log).to_contain_text("Edsger")
    assert not log.evaluate(at_end)
    console.get_by_role("button", name="resize-photo").click()
    expect(log).not_to_contain_text("greeting")
    expect(console).to_contain_text("Invocations and log of resize-photo alone.")


def test_functions_are_deleted_while_chosen_and_come_in_hundreds(
    page: Page, console: Locator
) -> None:
    console.get_by_role("button", name="greeter").click()
    table = console.get_by_role("region", name="Invocations")
    expect(table.locator("tbody tr")).to_have_count(4)
    run_below(page, "client.delete_function(FunctionName='greeter')")
    expect(console.get_by_role("button", name="greeter")).to_have_count(0)
    expect(console).not_to_contain_text("of greeter alone")
    expect(table.locator("tbody tr")).to_have_count(4)
    run_below(page, "for n in range(300): create(f'many-{n}', 'x = 1')")
    functions = console.get_by_role("region", name="Functions")
    expect(console).to_contain_text("201 more functions: find one by a part of its name.")
    expect(functions.locator("tbody tr")).to_have_count(100)
    console.get_by_label("Find a function").fill("MANY-29")
    expect(functions.locator("tbody tr")).to_have_count(11)
    console.get_by_label("Find a function").fill("nothing")
    expect(console).to_contain_text("No function has this in its name.")


def test_dropped_records_are_noted_and_pausing_stops_the_page(page: Page, console: Locator) -> None:
    figure = console.locator(".cs-figure").first
    expect(figure).to_have_text("3")
    console.get_by_role("button", name="Pause").click()
    expect(console.locator(".cs-state")).to_contain_text("paused")
    run_below(page, "call('greeter', {'name': 'Ada'})")
    run_below(
        page,
        "from collections import deque\n"
        "lab.history._records = deque(lab.history._records, maxlen=5)\n"
        "for n in range(5): call('greeter', {'name': 'Ada'})",
    )
    expect(console).to_contain_text("older records were dropped from lab.history")
    expect(figure).to_have_text("3")
    console.get_by_role("button", name="Pause").click()
    expect(figure).not_to_have_text("3")


# Invoking


def invoke(console: Locator, payload: str) -> None:
    tab(console, "Invoke").click()
    console.get_by_label("Event, as JSON").fill(payload)
    console.get_by_role("button", name="Invoke").click()


def test_what_is_no_json_is_said_and_not_sent(console: Locator) -> None:
    invoke(console, '{"name":\n "Ada",}')
    editor = console.get_by_label("Event, as JSON")
    expect(console.locator(".cs-problem")).to_contain_text("This is not JSON at line 2, column 8")
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(editor).to_be_focused()
    expect(console.locator(".cs-said")).to_be_empty()
    editor.fill('{"name": "π"}')
    expect(console.locator(".cs-problem")).to_be_empty()
    console.get_by_role("button", name="Indent").click()
    expect(editor).to_have_value('{\n  "name": "π"\n}')
    console.get_by_role("button", name="Invoke").click()
    expect(console.locator(".cs-said")).to_have_text("The function succeeded.")
    expect(console.get_by_role("region", name="Answer")).to_have_text('{\n  "hello": "π"\n}')
    tab(console, "Invocations").click()
    expect(console.get_by_role("region", name="Invocations").locator("tbody tr")).to_have_count(5)


def test_invokes_and_follows_while_a_cell_is_running(page: Page, console: Locator) -> None:
    run_below(page, "while not getattr(lab, 'enough', False): time.sleep(0.1)", wait=False)
    invoke(console, "[1]")
    expect(console.locator(".cs-said")).to_have_text("The function failed (Unhandled).")
    expect(console.get_by_role("region", name="Answer")).to_contain_text("AttributeError")
    console.get_by_text("Its log").click()
    expect(console.get_by_role("region", name="Log of this call")).to_contain_text("REPORT")
    page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    wait_idle(page)


def test_works_by_keyboard_alone(page: Page, console: Locator) -> None:
    cells = panel_of(page).locator(".jp-Cell").count()
    focused = "document.activeElement.textContent"
    console.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Tab")  # the table of functions, which may have to be scrolled
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "greeter"
    page.keyboard.press("Space")
    expect(console).to_contain_text("Invocations and log of greeter alone.")
    assert page.evaluate(focused) == "greeter"
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Invocations"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(focused) == "Invoke"
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type('{"name": "abxd"}')  # in the notebook these add and cut cells
    page.keyboard.press("Control+Enter")
    expect(console.get_by_role("region", name="Answer")).to_contain_text('"hello": "abxd"')
    expect(console.get_by_label("Event, as JSON")).to_be_focused()
    assert panel_of(page).locator(".jp-Cell").count() == cells


# Kernels and labs that are gone


def test_restarted_kernel_is_said_in_a_sentence(page: Page, console: Locator) -> None:
    restart_kernel(page)
    expect(console.locator(".cs-notice")).to_contain_text("No longer connected")
    expect(console.locator(".cs-state")).to_contain_text("not live")
    expect(console.get_by_role("button", name="greeter")).to_be_visible()
    invoke(console, "{}")
    expect(console.locator(".cs-said")).to_contain_text("No longer connected")
    assert not panel_of(page).get_by_text("Error displaying widget").count()
    run_all(page)
    again = panel_of(page).locator(".cs-console").last
    expect(again.locator(".cs-state")).to_contain_text("live · us-east-1")
    expect(again.locator(".cs-notice")).to_be_hidden()


def test_console_of_a_stopped_lab_says_so_and_two_views_show_the_same(
    page: Page, console: Locator
) -> None:
    run_below(page, "lab.console()")
    views = panel_of(page).locator(".cs-console")
    expect(views).to_have_count(2)
    for view in views.all():
        expect(view.get_by_role("button", name="greeter")).to_have_count(1)
    run_below(page, "lab = Lab.start()")
    for view in views.all():
        expect(view.locator(".cs-notice")).to_contain_text("This lab has been stopped.")
        expect(view.get_by_role("button", name="greeter")).to_have_count(1)


# In time


def test_keeps_up_with_invocations_and_leaves_the_page_free(page: Page, console: Locator) -> None:
    """At most 60 invocations a second, as many as a busy machine can; frames go on meanwhile."""
    console.evaluate(FRAMES)
    run_below(
        page,
        f"begin = time.time()\n"
        f"for n in range({LOAD}):\n"
        f"    time.sleep(max(0, begin + n / 60 - time.time()))\n"
        f"    call('greeter', {{'name': n}} if n % 10 else [])\n"
        f"print('rate', {LOAD} / (time.time() - begin))",
    )
    expect(console.locator(".cs-figure").first).to_have_text(str(3 + LOAD * 9 // 10), timeout=3000)
    measured = page.evaluate("() => (window.measured.ended = performance.now(), window.measured)")
    print(panel_of(page).get_by_text(re.compile("^rate")).last.inner_text())
    rows = console.get_by_role("region", name="Invocations").locator("tbody tr")
    expect(rows).to_have_count(100)
    gaps, tasks = measured["gaps"], measured["tasks"]
    blocked = sum(tasks) / (measured["ended"] - measured["begin"])
    worst = sorted(gaps)[int(len(gaps) * 0.98)]
    print(
        f"frames: median {statistics.median(gaps):.0f} ms, 98 % below {worst:.0f} ms, longest "
        f"{max(gaps):.0f} ms; long tasks {blocked:.1%} of the time, longest {max(tasks or [0])}"
    )
    assert statistics.median(gaps) < 50, gaps
    assert worst < 250, gaps
    assert blocked < 0.5, tasks


# How it looks


def test_no_rule_of_accessibility_is_broken(page: Page, console: Locator) -> None:
    def change_theme(name: str) -> None:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name, timeout=PATIENCE
        )

    def broken(name: str) -> list[tuple[str, ...]]:
        tab(console, name).click()
        page.mouse.move(0, 0)
        found = Axe().run(page, context=".cs-console").response
        return [
            (name, each["id"], each["help"], each["nodes"][0]["html"])
            for each in found["violations"]
        ]

    tab(console, "Dead letters").click()
    console.locator("summary").first.click()
    invoke(console, "{}")
    expect(console.locator(".cs-said")).to_contain_text("The function")
    invoke(console, "{")
    expect(console.locator(".cs-problem")).not_to_be_empty()
    # JupyterLab's body has no height, which axe takes for "everything is hidden".
    page.add_style_tag(content="body { height: 100vh }")
    names = ("Log", "Queues", "Dead letters", "Invoke", "Invocations")
    try:
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            change_theme(theme)
            assert [each for name in names for each in broken(name)] == []
    finally:
        change_theme("JupyterLab Light")
