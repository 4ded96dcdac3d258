"""What it costs to look at a lab: to draw a long record, and to leave a console open."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from .load import TINY_ONE, client, create, role

RECORDED = 5000
IDLE_S = 20.0

SHOWN = """
import time
from labsupport import Lab
from tests.benchmarks.load import TINY_ONE, client, create, role
lab = Lab.start()
functions, role_arn = client(), role()
for number in range(10):
    create(functions, f"idle-{number}", role_arn, TINY_ONE)
    functions.invoke(FunctionName=f"idle-{number}")
"""
MEASURED = f"""
time.sleep(2)
begin, used = time.monotonic(), time.process_time()
time.sleep({IDLE_S})
print((time.process_time() - used) / (time.monotonic() - begin))
"""


def drawn_s() -> tuple[float, float]:
    """Seconds to draw the timeline and the trace of many invocations by two functions."""
    from labsupport import Lab

    with Lab.start() as lab:
        functions, role_arn = client(), role()
        names = ("one", "two")
        for name in names:
            create(functions, name, role_arn, TINY_ONE)

        def invoke(number: int) -> None:
            functions.invoke(FunctionName=names[number % 2])["Payload"].read()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(invoke, range(10)))
            assert lab.timeline().png  # matplotlib's first picture takes far longer
            assert lab.trace().png
            list(pool.map(invoke, range(10, RECORDED)))
        assert len(lab.history.invocations) == RECORDED
        begin = time.perf_counter()
        assert lab.timeline()._repr_mimebundle_()
        middle = time.perf_counter()
        assert lab.trace()._repr_mimebundle_()
        return middle - begin, time.perf_counter() - middle


def idle_console() -> float:
    """The share of a core that a kernel uses while a console is open and nothing happens."""
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(source) for source in (SHOWN, "lab.console()", MEASURED)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120).execute()
    assert "application/vnd.jupyter.widget-view+json" in notebook.cells[1].outputs[0].data
    return float(notebook.cells[2].outputs[0].text)
