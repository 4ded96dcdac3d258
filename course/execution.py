"""Executes a built notebook on a real kernel and keeps what may be stored of its outputs."""

from __future__ import annotations

import copy
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course.editions import RAISES_TAG, Edition
from course.lessons import EXERCISE_TAG
from course.outline import ROOT
from course.problem import Problem

CELL_TIMEOUT_S = 180
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def execute(edition: Edition, cell_timeout_s: float = CELL_TIMEOUT_S) -> float:
    """Runs every cell and stores clean outputs; returns the seconds it took.

    Raises Problem, with the lesson's line, for a cell that fails without the tag
    `raises-exception`, takes longer than `cell_timeout_s`, kills the kernel, or was announced to
    fail and did not.
    """
    notebook, folder = edition.notebook, edition.path.parent
    metadata = copy.deepcopy(notebook.metadata)
    folder.mkdir(parents=True, exist_ok=True)
    running: list[NotebookNode] = []
    client = NotebookClient(
        notebook,
        timeout=cell_timeout_s,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=40"],
        on_cell_execute=lambda cell, cell_index: running.append(cell),
    )
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="course-build-", ignore_cleanup_errors=True) as private:
        try:
            client.execute(env=clean_environment(Path(private)))
        except CellExecutionError as error:
            raise _problem(edition, running[-1], f"{error.ename}: {error.evalue}") from None
        except CellTimeoutError:
            text = f"was still running after {cell_timeout_s:g} seconds"
            raise _problem(edition, running[-1], text) from None
        except DeadKernelError:
            raise _problem(edition, running[-1], "ended the kernel") from None
    notebook.metadata = metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [clean for output in cell.outputs if (clean := _clean(output))]
            _check_outputs(edition, cell)
    return time.monotonic() - started


def clean_environment(private: Path) -> dict[str, str]:
    """The variables a lesson is executed with: without your AWS account, progress and profile."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return kept | {
        "COURSE_PROGRESS": str(private / "progress.db"),
        "IPYTHONDIR": str(private / "ipython"),
        "PYTHONPATH": path,
    }


def _problem(edition: Edition, cell: NotebookNode, what: str) -> Problem:
    line = edition.lines.get(cell.id, 1)
    return Problem(f"{edition.label}: the cell from line {line} of the lesson: {what}")


def _clean(output: NotebookNode) -> NotebookNode | None:
    if "data" in output:
        output.data.pop(WIDGET_VIEW, None)
        if not output.data:
            return None
    if output.output_type == "error":
        output.traceback = _own_frames(output.traceback)
    return output


def _own_frames(traceback: list[str]) -> list[str]:
    """The traceback without the frames inside libraries, which hold paths of this machine."""
    kept: list[str] = []
    for entry in traceback:
        if not _ANSI.sub("", entry).lstrip().startswith("File "):
            kept.append(entry)
        elif kept[-1:] != ["    … in the libraries …"]:
            kept.append("    … in the libraries …")
    return kept


def _check_outputs(edition: Edition, cell: NotebookNode) -> None:
    tags = cell.metadata.get("tags", [])
    failed = any(output.output_type == "error" for output in cell.outputs)
    if RAISES_TAG in tags and EXERCISE_TAG not in tags and not failed:
        raise _problem(edition, cell, f"has the tag {RAISES_TAG} but raised nothing")
    for place in machine_paths(cell.outputs):
        raise _problem(edition, cell, f"shows a path of this machine: {place}")


def machine_paths(outputs: list[Any]) -> list[str]:
    """Paths in outputs that only this machine has: the home folder and the repository."""
    own = [str(ROOT), str(Path.home())]
    text = "\n".join(_texts(outputs))
    return [path for path in own if re.search(re.escape(path) + r"(?![\w.-])", text)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []
