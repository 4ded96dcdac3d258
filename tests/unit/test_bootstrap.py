"""``python3 -m course`` makes its environment, mends it, and says in a sentence what is wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from course import bootstrap, requirements, trouble
from course.problem import Problem

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in installer is a script")
FAKE = Path(__file__).with_name("bootstrap_fake.py")
USAGE = namedtuple("USAGE", "total used free")


class Clone:
    """A clone of the course with stand-ins for Python and uv."""

    def __init__(self, root: Path, tools: Path) -> None:
        self.root = root
        self.tools = tools
        self.calls_file = tools / "calls"
        self.lock = root / "requirements.lock"
        self.venv = root / ".venv"

    def ensure(self, lock: Path | None = None) -> bootstrap.Environment:
        """Set up, as if nothing were installed."""
        return bootstrap.ensure(lock or self.lock)

    def calls(self) -> list[str]:
        """Return what was asked of the installers since the last look."""
        calls = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return calls


def script(path: Path) -> Path:
    """Put the stand-in in a place under a name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{FAKE.read_text()}")
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A fresh clone on a machine with Python and without uv."""
    root = tmp_path / "cold start"
    (root / "tests").mkdir(parents=True)
    (root / "requirements.lock").write_text("one==1.0 \\\n    --hash=sha256:00\n")
    (root / "tests" / "requirements.lock").write_text("one==1.0 \\\ntwo==2.0 \\\n")
    made = Clone(root, tmp_path / "tools")
    python = script(made.tools / "python")
    monkeypatch.setattr(bootstrap, "ROOT", root)
    monkeypatch.setattr(bootstrap, "VENV", made.venv)
    monkeypatch.setattr(bootstrap, "STATE", root / ".jupyter-data")
    monkeypatch.setattr(requirements, "LAB_LOCK", made.lock)
    monkeypatch.setattr(requirements, "satisfied", lambda lock: False)
    monkeypatch.setattr(sys, "_base_executable", str(python))
    monkeypatch.setenv("PATH", str(made.tools / "bin"))
    monkeypatch.setenv("FAKE_PYTHON", str(python))
    monkeypatch.setenv("FAKE_CALLS", str(made.calls_file))
    return made


@pytest.fixture
def uv(clone: Clone) -> Path:
    """The stand-in for uv, on the PATH."""
    return script(clone.tools / "bin" / "uv")


def test_pip_fills_the_environment_where_there_is_no_uv(clone: Clone) -> None:
    environment = clone.ensure()
    assert clone.calls() == ["python venv", "python pip install"]
    assert environment.python == clone.venv / "bin" / "python"


@pytest.mark.usefixtures("uv")
def test_uv_fills_the_environment_where_there_is_uv(clone: Clone) -> None:
    clone.ensure()
    assert clone.calls() == ["uv venv", "uv pip install"]


def test_second_run_installs_nothing(clone: Clone) -> None:
    clone.ensure()
    clone.calls()
    clone.ensure()
    assert clone.calls() == []


def test_set_up_for_the_tests_serves_the_lab_too(clone: Clone) -> None:
    clone.ensure()
    clone.calls()
    clone.ensure(clone.root / "tests" / "requirements.lock")
    assert clone.calls() == ["python pip install"]
    clone.ensure()
    assert clone.calls() == []


def test_changed_lock_is_installed_into_the_same_environment(clone: Clone) -> None:
    clone.ensure()
    clone.calls()
    clone.lock.write_text("one==1.1 \\\n")
    clone.ensure()
    assert clone.calls() == ["python pip install"]


def test_interrupted_installation_is_begun_anew(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_EXIT", "1")
    with pytest.raises(Problem):
        clone.ensure()
    (clone.venv / "half a package").touch()
    monkeypatch.delenv("FAKE_EXIT")
    clone.calls()
    clone.ensure()
    assert clone.calls() == ["python venv", "python pip install"]
    assert not (clone.venv / "half a package").exists()


def test_interrupted_update_is_not_taken_for_ready(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.ensure()
    before = clone.lock.read_text()
    clone.lock.write_text("one==1.1 \\\n")
    monkeypatch.setenv("FAKE_EXIT", "1")
    with pytest.raises(Problem):
        clone.ensure()
    clone.lock.write_text(before)
    monkeypatch.delenv("FAKE_EXIT")
    clone.calls()
    clone.ensure()
    assert clone.calls() == ["python venv", "python pip install"]


def test_environment_is_made_anew_when_the_folder_was_moved(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.ensure()
    clone.calls()
    moved = clone.root.rename(clone.root.with_name("moved"))
    monkeypatch.setattr(bootstrap, "ROOT", moved)
    monkeypatch.setattr(bootstrap, "VENV", moved / ".venv")
    monkeypatch.setattr(bootstrap, "STATE", moved / ".jupyter-data")
    monkeypatch.setattr(requirements, "LAB_LOCK", moved / "requirements.lock")
    clone.ensure(moved / "requirements.lock")
    assert clone.calls() == ["python venv", "python pip install"]


@pytest.mark.parametrize("damage", ["gone", "other version"])
def test_environment_is_made_anew_when_its_python_is_not_what_it_was(
    clone: Clone, damage: str
) -> None:
    clone.ensure()
    clone.calls()
    python = clone.venv / "bin" / "python"
    python.unlink()
    if damage == "other version":
        python.write_text("#!/bin/sh\necho 3.10\n")
        python.chmod(0o755)
    clone.ensure()
    assert clone.calls() == ["python venv", "python pip install"]


def test_environment_made_by_other_means_is_kept_when_it_has_everything(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.ensure()
    (clone.venv / bootstrap.STAMP).unlink()
    clone.calls()
    monkeypatch.setenv("FAKE_HOLDS", "1")
    clone.ensure()
    assert clone.calls() == []


def test_interpreter_that_has_everything_is_used_as_it_is(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setattr(requirements, "satisfied", lambda lock: True)
    monkeypatch.setattr(bootstrap.sysconfig, "get_path", lambda name: str(packages))
    environment = clone.ensure()
    assert environment.python == Path(sys.executable)
    assert (packages / "cold-start.pth").read_text() == f"{clone.root}\n"
    assert not clone.venv.exists()
    assert "PYTHONPATH" not in environment.variables()
    shutil.rmtree(packages)
    assert clone.ensure().variables()["PYTHONPATH"].split(os.pathsep)[0] == str(clone.root)


def test_environment_finds_its_commands_and_the_course(clone: Clone) -> None:
    environment = clone.ensure()
    path = environment.variables()["PATH"].split(os.pathsep)
    assert path == [str(clone.venv / "bin"), str(clone.tools / "bin")]
    (pth,) = clone.venv.glob("lib/*/site-packages/*.pth")
    assert pth.read_text() == f"{clone.root}\n"


def test_commands_run_from_a_folder_with_a_space_in_its_name(clone: Clone) -> None:
    environment = clone.ensure()
    assert " " in str(environment.python)
    assert subprocess.run([environment.python.with_name("aws")], check=False).returncode == 0


OUTPUTS = {
    "disk full, pip": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "disk filled up",
    ),
    "disk full, uv": (
        "error: Failed to install: a.whl\n  cause: No space left on device (os error 28)",
        "disk filled up",
    ),
    "no network, pip": (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<x>: "
        "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
        "ERROR: No matching distribution found for anyio==4.16.0",
        "check the network",
    ),
    "no network, uv": (
        "error: Request failed after 3 retries in 4.3s\n"
        "  cause: error sending request for url\n  cause: client error (Connect)\n"
        "  cause: dns error",
        "check the network",
    ),
    "altered, pip": (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
        "not the one the course's lock file names",
    ),
    "altered, uv": (
        "  cause: Hash mismatch for `tzdata==2026.6`",
        "not the one the course's lock file names",
    ),
    "no wheel": ("ERROR: Failed to build numpy", "no ready-made build for Python"),
    "no venv": (
        "The virtual environment was not created successfully because ensurepip is not\n"
        "available.  On Debian/Ubuntu systems, you need to install the python3-venv package",
        "apt install python3-venv",
    ),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_known_trouble_is_said_in_one_sentence(
    case: str, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, expected = OUTPUTS[case]
    monkeypatch.setenv("FAKE_OUTPUT", output)
    monkeypatch.setenv("FAKE_EXIT", "1")
    if case.endswith("uv"):
        script(clone.tools / "bin" / "uv")
    with pytest.raises(Problem, match=expected) as caught:
        clone.ensure()
    assert "\n" not in str(caught.value)
    tool = "uv" if case.endswith("uv") else "python"
    assert clone.calls() == [f"{tool} venv", f"{tool} pip install"]


def test_unknown_trouble_names_its_last_words_and_the_log(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_OUTPUT", "much ado\nerror: the moon is in the wrong quarter")
    monkeypatch.setenv("FAKE_EXIT", "3")
    with pytest.raises(Problem, match="the moon is in the wrong quarter") as caught:
        clone.ensure()
    log = clone.root / ".jupyter-data" / "install.log"
    assert str(log) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "much ado" in log.read_text()


@pytest.mark.usefixtures("uv")
def test_pip_takes_over_from_a_uv_that_does_not_work(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ONLY", "uv")
    monkeypatch.setenv("FAKE_OUTPUT", "error: unexpected argument '--require-hashes'")
    monkeypatch.setenv("FAKE_EXIT", "2")
    clone.ensure()
    assert clone.calls() == ["uv venv", "uv pip install", "python venv", "python pip install"]


def test_full_disk_is_noticed_before_anything_is_installed(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble.shutil, "disk_usage", lambda path: USAGE(0, 0, 700_000_000))
    with pytest.raises(Problem, match=r"1\.2 GB .* only 0\.7 GB are free"):
        clone.ensure()
    assert clone.calls() == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EROFS, "cannot be written .*clone the course into a folder of your own"),
        (errno.EACCES, "cannot be written .*give yourself write access"),
        (errno.ENOSPC, "disk filled up"),
    ],
)
def test_folder_that_cannot_be_written_is_said_in_one_sentence(
    number: int, expected: str, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *args: Any, **kwargs: Any) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(Problem, match=expected) as caught:
        clone.ensure()
    assert "\n" not in str(caught.value)


PROGRAM = """
import sys
from pathlib import Path
from course import bootstrap, cli, requirements
root = Path(sys.argv[1])
bootstrap.ROOT, bootstrap.VENV = root, root / ".venv"
bootstrap.STATE, requirements.LAB_LOCK = root / ".jupyter-data", root / "requirements.lock"
requirements.satisfied = lambda lock: False
sys._base_executable = sys.argv[2]
cli.SUBCOMMANDS["set-up"] = cli.Subcommand("course.nothing", "", root / "requirements.lock")
bootstrap.Environment.hand_over = lambda self, arguments: 0
sys.exit(cli.main(["set-up"]))
"""


@contextlib.contextmanager
def setting_up(clone: Clone) -> Iterator[subprocess.Popen[str]]:
    """Set up in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, str(clone.root), str(clone.tools / "python")]
    with subprocess.Popen(
        command, cwd=requirements.ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds, at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_at_once_install_once(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SLEEP", "1")
    with setting_up(clone) as first, setting_up(clone) as second:
        said = [each.communicate(timeout=30)[1] for each in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert clone.calls() == ["python venv", "python pip install"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_the_installer_and_says_so(
    number: signal.Signals, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_SLEEP", "60")
    with setting_up(clone) as process:
        wait_for(lambda: clone.calls_file.exists() and "install" in clone.calls_file.read_text())
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said.splitlines()[-1] == "Stopped; the same command goes on from here."
    assert "Traceback" not in said
    with (clone.root / ".jupyter-data" / "setup.lock").open("w") as lock:
        assert bootstrap.take(lock.fileno(), wait=False), "the installer still runs"
    monkeypatch.delenv("FAKE_SLEEP")
    clone.calls()
    clone.ensure()
    assert clone.calls() == ["python venv", "python pip install"]
