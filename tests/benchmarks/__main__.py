"""Measure the lab against its rivals and print the ratios as a table.

Run with ``python -m tests.benchmarks``; ``--write`` puts the table into the README.
"""

from __future__ import annotations

import json
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import load, queues, quizzing, rivals, watching

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
COLD, WARM, STARTS = 15, 300, 9

MOTO_START = """
import time; t = time.perf_counter()
import boto3, moto.server
server = moto.server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(time.perf_counter() - t, flush=True)
import os; os._exit(0)
"""
LAB_START = """
import time; t = time.perf_counter()
from labsupport import Lab
lab = Lab.start()
print(time.perf_counter() - t, flush=True)
lab.stop()
"""


def in_new_python(code: str) -> float:
    """Seconds that a piece of code prints, run in a Python of its own."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(run.stdout.split()[-1])


def invoke(client: Any, name: str) -> float:
    """Milliseconds of one invocation through boto3."""
    begin = time.perf_counter()
    answer = client.invoke(FunctionName=name, Payload=b"{}")
    answer["Payload"].read()
    assert "FunctionError" not in answer, answer
    return (time.perf_counter() - begin) * 1000


def invocations(client: Any, role: str) -> tuple[float, float]:
    """Median milliseconds of cold and of warm invocations."""

    def cold(number: int) -> float:
        load.create(client, f"cold-{number}", role, rivals.HANDLER)
        return invoke(client, f"cold-{number}")

    times = statistics.median(cold(number) for number in range(COLD))
    return times, statistics.median(invoke(client, "cold-0") for _ in range(WARM))


def no_op_invoke() -> float:
    """Median milliseconds of moto's own no-op invoke, through the lab's server."""
    import boto3
    from moto.core.config import default_user_config

    from labsupport.gateway import Gateway

    default_user_config["lambda"] = {"use_docker": False}
    gateway = Gateway("AKIABENCHMARK")
    client = boto3.client(
        "lambda",
        endpoint_url=gateway.endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIABENCHMARK",
        aws_secret_access_key="secret",
    )
    median = statistics.median(invoke(client, "any") for _ in range(WARM))
    gateway.close()
    default_user_config["lambda"] = {"use_docker": True}
    return median


def second_lab() -> float:
    """Seconds from `python -m course lab`, set up before, to its page."""
    taken = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "course", "lab", "--no-browser", "--port", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as lab:
            assert lab.stdout is not None
            address = next(m[0] for m in (re.search(r"http://\S+", s) for s in lab.stdout) if m)
            urllib.request.urlopen(address).read()
            taken = time.perf_counter() - begin
            lab.send_signal(signal.SIGINT)
    return taken


def kernel_after_notebook_02() -> float:
    """MB resident in a kernel after it has run notebook 02."""
    code = (
        "import sys, nbformat\n"
        "from nbclient import NotebookClient\n"
        "import psutil\n"
        "notebook = nbformat.read('notebooks/02-your-first-function.ipynb', 4)\n"
        "where = {'metadata': {'path': 'notebooks'}}\n"
        "client = NotebookClient(notebook, timeout=120, resources=where, allow_errors=True)\n"
        "with client.setup_kernel():\n"
        "    for index, cell in enumerate(notebook.cells):\n"
        "        client.execute_cell(cell, index)\n"
        "    pid = client.km.provisioner.pid\n"
        "    print(psutil.Process(pid).memory_info().rss / 2**20)\n"
    )
    return in_new_python(code)


def idle_environment() -> float:
    """MB resident in an idle execution environment."""
    import boto3
    import psutil

    from labsupport import Lab

    with Lab.start():
        client = boto3.client("lambda")
        source = "import os\ndef handler(event, context):\n    return os.getpid()\n"
        load.create(client, "idle", load.role(), source)
        pid = json.load(client.invoke(FunctionName="idle")["Payload"])
        return float(psutil.Process(pid).memory_info().rss / 2**20)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Args:
        against: what it is a ratio to, "" for a value of its own.
        measured: the two values of a ratio, or what was measured.
        value: the result, in `unit`.
        most: what the result may be.
    """

    what: str
    against: str
    measured: str
    value: float
    most: float
    unit: str = "×"


def measure() -> list[Row]:
    """All that is measured."""
    import boto3

    from labsupport import Lab

    moto, lab = (
        statistics.median(in_new_python(code) for _ in range(STARTS))
        for code in (MOTO_START, LAB_START)
    )
    bare = statistics.median(rivals.bare_cold_ms() for _ in range(COLD))
    with Lab.start():
        cold, warm = invocations(boto3.client("lambda"), load.role())
    no_op = no_op_invoke()
    with rivals.ministack() as address:
        role = "arn:aws:iam::000000000000:role/bench"
        their_cold, their_warm = invocations(boto3.client("lambda", **address), role)

    def ratio(what: str, ours: float, against: str, theirs: float, most: float) -> Row:
        return Row(what, against, f"{ours:.1f} ms to {theirs:.1f} ms", ours / theirs, most)

    at_once, events = load.at_once(), load.events()
    grown, files, threads = load.growth()
    # One or two come and go; what leaked with each invocation would be thousands.
    assert max(files, threads) < 5, f"{files} more open files, {threads} more threads"
    idle, kernel = idle_environment(), kernel_after_notebook_02()
    timeline_s, trace_s = watching.drawn_s()
    clicked, rendered = quizzing.in_the_page()
    return [
        ratio("`Lab.start()` with imports", lab * 1e3, "boto3 and moto's server", moto * 1e3, 1.25),
        ratio("cold invoke", cold, "bare awslambdaric", bare, 2.0),
        ratio("cold invoke", cold, "ministack", their_cold, 0.5),
        ratio("warm invoke", warm, "moto's no-op invoke, same server", no_op, 1.4),
        ratio("warm invoke", warm, "ministack", their_warm, 0.2),
        ratio(
            f"{load.AT_ONCE} invocations of {load.BUSY_S * 1e3:.0f} ms at once",
            at_once[0] * 1e3,
            "as fast as these cores can",
            at_once[1] * 1e3,
            3.0,
        ),
        ratio(
            f"{load.EVENTS:,} events, each ending once",
            events[0] * 1e3,
            "sending them",
            events[1] * 1e3,
            1.5,
        ),
        ratio(
            f"{queues.MESSAGES:,} queued messages, one in {queues.POISONED} bad",
            queues.lab_s() * 1e3,
            "ministack",
            queues.theirs()[0] * 1e3,
            0.5,
        ),
        Row(
            "SendMessage to its handler, warm",
            "",
            "median",
            statistics.median(queues.soonness()),
            50.0,
            "ms",
        ),
        Row(f"idle with {queues.MAPPINGS} queues", "", "of a core", queues.idle() * 100, 2.0, "%"),
        Row(f"growth in {load.TINY:,} invocations", "", "resident memory", grown, 50.0, "MB"),
        Row("idle environment", "", "resident memory", idle, 30.0, "MB"),
        Row("kernel after notebook 02", "", "resident memory", kernel, 250.0, "MB"),
        Row(
            "a day of 1,000,000 requests",
            "",
            "simulated, billed and drawn",
            load.a_day_s(),
            2.0,
            "s",
        ),
        Row(f"timeline of {watching.RECORDED:,} invocations", "", "drawn", timeline_s, 1.5, "s"),
        Row(f"trace of {watching.RECORDED:,} invocations", "", "drawn", trace_s, 1.5, "s"),
        Row("idle with a console open", "", "of a core", watching.idle_console() * 100, 2.0, "%"),
        Row("a click in a quiz", "", "to feedback, 95 in 100", clicked, 150.0, "ms"),
        Row("a quiz's cell, run", "", "to the quiz, 95 in 100", rendered, 300.0, "ms"),
        Row(
            "second `python3 -m course lab`", "", "until its page is served", second_lab(), 5.0, "s"
        ),
    ]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | against | measured | result | may be |", "|---|---|---|---|---|"]
    for row in rows:
        number, limit = (f"{each:.3g} {row.unit}" for each in (row.value, row.most))
        verdict = number if row.value <= row.most else f"**{number}**"
        lines.append(f"| {row.what} | {row.against} | {row.measured} | {verdict} | ≤ {limit} |")
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table between its marks in the README."""
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Measure, print, and say with the exit code whether everything is within its limit."""
    rows = measure()
    print(table(rows))
    if "--write" in sys.argv:
        write(table(rows))
    return int(any(row.value > row.most for row in rows))


if __name__ == "__main__":
    sys.exit(main())
