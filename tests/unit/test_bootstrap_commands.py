"""What ``python3 -m course`` says and checks before anything is installed."""

from __future__ import annotations

import ast
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from course import __main__ as command
from course import cli, launch, testing
from course.installing import Progress
from course.problem import Problem
from course.requirements import ROOT

OLD_PYTHONS = sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python"))


def test_old_python_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    assert command.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("The course needs Python 3.11 or newer and this is Python 3.10:")
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["__init__", "__main__"])
def test_old_python_can_read_what_it_runs(name: str) -> None:
    source = (ROOT / "course" / f"{name}.py").read_text()
    tree = ast.parse(source, feature_version=(3, 6))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in imported


@pytest.mark.skipif(not OLD_PYTHONS, reason="no older Python here")
@pytest.mark.parametrize("python", OLD_PYTHONS, ids=lambda path: path.parts[-3])
def test_real_old_python_ends_without_a_traceback(python: Path) -> None:
    done = subprocess.run(
        [python, "-m", "course", "lab"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The course needs Python 3.11 or newer")
    assert "Traceback" not in done.stderr


def test_nothing_but_the_standard_library_is_needed_to_set_up() -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from course import __main__, bootstrap, cli, installing, launch, requirements, trouble"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_unknown_subcommand_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["lob"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "There is no subcommand 'lob'."
    assert [line.split()[0] for line in said[4:]] == list(cli.SUBCOMMANDS)


def test_help_needs_no_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: python3 -m course")
    with pytest.raises(SystemExit, match="0"):
        cli.main(["lab", "--help"])


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A socket on whose port another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_taken_port_is_said_in_one_sentence(taken: socket.socket, tmp_path: Path) -> None:
    (tmp_path / "some.ipynb").touch()
    port = taken.getsockname()[1]
    with pytest.raises(Problem, match=f"Port {port} is taken") as caught:
        launch.check(["--port", str(port), "some.ipynb"], tmp_path)
    assert "\n" not in str(caught.value)
    taken.close()
    assert launch.check(["--port", str(port), "some.ipynb"], tmp_path).port == port


def test_without_a_port_the_next_free_one_is_taken(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = taken.getsockname()[1]
    monkeypatch.setattr(launch, "FIRST_PORT", port)
    chosen = launch.choose_port(None)
    assert port < chosen
    assert launch.is_free(chosen)
    taken.close()
    assert launch.choose_port(None) == port


def test_port_zero_takes_any() -> None:
    assert launch.is_free(launch.choose_port(0))


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_impossible_port_is_said_in_one_sentence(port: str, tmp_path: Path) -> None:
    (tmp_path / "some.ipynb").touch()
    with pytest.raises(Problem, match=r"is not a port"):
        launch.check([f"--port={port}", "some.ipynb"], tmp_path)


@pytest.mark.parametrize(
    "typed",
    ["02-two.ipynb", "02-two", "02", "notebooks/02-two.ipynb", "{root}/notebooks/02-two.ipynb"],
)
def test_notebook_is_found_however_it_is_named(typed: str, tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "02-two.ipynb").touch()
    found = launch.find_notebook(typed.format(root=tmp_path), tmp_path)
    assert found == "notebooks/02-two.ipynb"


def test_missing_notebooks_are_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="has not been built"):
        launch.check([], tmp_path)
    with pytest.raises(Problem, match="There is no notebook 99"):
        launch.check(["99"], tmp_path)


def test_notebook_outside_the_course_is_refused(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "other.ipynb").touch()
    with pytest.raises(Problem, match="There is no notebook"):
        launch.find_notebook("../other.ipynb", tmp_path / "course")


@pytest.mark.skipif(sys.platform != "linux", reason="a screen is asked for on Linux only")
def test_no_browser_is_opened_where_there_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not launch.can_show_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    assert launch.can_show_browser()


def test_jupyter_of_the_learner_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "environ", {"JUPYTER_PATH": "own", "JUPYTER_CONFIG_PATH": "own"})
    launch.isolate(tmp_path)
    assert all(Path(value).is_relative_to(tmp_path) for value in os.environ.values())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_moves_on_a_terminal() -> None:
    terminal = Terminal()
    progress = Progress(terminal)
    progress.show("one")
    progress.show("two")
    progress.close()
    written = terminal.getvalue()
    assert "\n" not in written
    assert written.index("one") < written.index("two")
    assert written.split("\r")[-2].strip() == ""


def test_progress_is_plain_lines_elsewhere_and_not_many() -> None:
    stream = io.StringIO()
    progress = Progress(stream, every=1000)
    for each in range(100):
        progress.show(f"step {each}")
    progress.close()
    assert stream.getvalue() == "step 0 (0 s)\n"


def test_all_is_tested_unless_something_is_named() -> None:
    everything = testing.pytest_arguments(["-k", "packages"])
    assert everything[-2:] == ["-k", "packages"]
    assert {"tests", "notebooks", "course/instructor", "--nbval"} <= set(everything)
    named = ["tests/unit/test_bootstrap.py::test_x", "-q"]
    assert testing.pytest_arguments(named) == named


def test_browser_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CHROMIUM", sys.executable)
    assert testing.find_chromium() == sys.executable
    monkeypatch.setenv("COURSE_CHROMIUM", "/no/such/browser")
    assert testing.find_chromium() is None


def test_kernels_start_without_the_learners_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "real")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    launch.mask_credentials()
    left = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    assert left == {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
