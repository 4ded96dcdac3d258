"""Find or make the environment the course runs in: `.venv`, or an interpreter that has it all.

Only the standard library is used here: nothing else is installed yet.
"""

from __future__ import annotations

import contextlib
import json
import locale
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from course import requirements, trouble
from course.installing import Failed, Installer, scripts_folder, site_packages
from course.requirements import ROOT

VENV = ROOT / ".venv"
STATE = ROOT / ".jupyter-data"  # what belongs to this clone alone; never tracked
STAMP = "cold-start.json"  # in .venv, written last: what was installed
UNFINISHED = "unfinished"  # in STATE while .venv is being changed


@dataclass(frozen=True)
class Environment:
    """An interpreter that has the course's packages."""

    python: Path
    finds_course: bool = True

    def variables(self) -> dict[str, str]:
        """Return the environment variables for what is started with it."""
        variables = dict(os.environ)
        variables.pop("PYTHONHOME", None)
        prepend(variables, "PATH", self.python.parent)
        if not self.finds_course:
            prepend(variables, "PYTHONPATH", ROOT)
        if self.python.parent == scripts_folder(VENV):
            variables["VIRTUAL_ENV"] = str(VENV)
        return variables

    def hand_over(self, arguments: list[str]) -> int:
        """Run ``python <arguments>`` in the place of this process; return its exit code."""
        command = [str(self.python), *arguments]
        if os.name != "nt":
            sys.stdout.flush()
            sys.stderr.flush()
            os.execve(command[0], command, self.variables())
        with subprocess.Popen(command, env=self.variables()) as process:
            while True:
                with contextlib.suppress(KeyboardInterrupt):  # the child has had it too
                    return process.wait()


def prepend(variables: dict[str, str], name: str, folder: Path) -> None:
    """Put a folder first in a variable such as PATH."""
    present = variables.get(name)
    variables[name] = f"{folder}{os.pathsep}{present}" if present else str(folder)


def ensure(lock: Path) -> Environment:
    """Return an environment holding the lock's packages; make or mend `.venv` when needed.

    Raises Problem when that cannot be done.
    """
    if requirements.satisfied(lock):
        found = add_course_to(Path(sysconfig.get_path("purelib")))
        return Environment(Path(sys.executable), finds_course=found)
    installer = Installer(VENV, shutil.which("uv"), STATE / "install.log")
    if not is_ready(installer, lock):
        with trouble.explained(ROOT, installer.log), one_at_a_time() as keep_open:
            if not is_ready(installer, lock):
                build(replace(installer, keep_open=keep_open), lock)
    return Environment(installer.python)


def is_ready(installer: Installer, lock: Path) -> bool:
    """Tell whether `.venv` was filled from this very lock, in this folder, and still works."""
    stamp = read_stamp(installer.venv)
    return (
        stamp.get("folder") == str(installer.venv)
        and stamp.get("locks", {}).get(lock_name(lock)) == requirements.digest(lock)
        and stamp.get("python") == python_version(installer.python)
        and not (STATE / UNFINISHED).exists()
    )


def is_sound(installer: Installer) -> bool:
    """Tell whether `.venv` is a working environment that packages can be added to."""
    stamp = read_stamp(installer.venv)
    version = python_version(installer.python)
    return (
        not (STATE / UNFINISHED).exists()
        and (installer.venv / "pyvenv.cfg").is_file()
        and stamp.get("folder", str(installer.venv)) == str(installer.venv)
        and version is not None
        and version == stamp.get("python", version)
        and tuple(map(int, version.split("."))) >= (3, 11)
    )


def build(installer: Installer, lock: Path) -> None:
    """Make `.venv` hold the lock's packages, from what is there or anew."""
    sound = is_sound(installer)
    if not (sound and holds(installer, lock)):
        if not sound:
            remove(installer.venv)
        trouble.check_space(ROOT, sound)
        tool = "uv" if installer.uv else "pip"
        if sound:
            say(f"Bringing the course's packages in {installer.venv} up to date with {tool}.")
        else:
            say(f"Setting up the course in {installer.venv} with {tool}: once, a minute or two.")
        mark = STATE / UNFINISHED
        with stoppable():
            mark.touch()
            try:
                fill(installer, lock, sound)
            except Failed as failure:
                if not installer.uv or trouble.is_known(failure.output):
                    raise
                say("uv could not do it; trying again with pip.")
                fill(replace(installer, uv=None), lock, False)
            mark.unlink()
    add_course_to(site_packages(installer.venv))
    write_stamp(installer, lock)


def fill(installer: Installer, lock: Path, sound: bool) -> None:
    """Install the lock into `.venv`, made anew unless it is sound."""
    if not sound:
        remove(installer.venv)
        installer.make(getattr(sys, "_base_executable", sys.executable))
    installer.install(lock)


def remove(path: Path) -> None:
    """Remove a folder, or a link to one, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def holds(installer: Installer, lock: Path) -> bool:
    """Tell whether `.venv` already has the lock's packages, whoever installed them."""
    command = [str(installer.python), "-m", "course.requirements", str(lock)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def python_version(python: Path) -> str | None:
    """Return an interpreter's version as "3.11", or None when it does not run."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run(
            [str(python), "-I", "-S", "-c", program], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def lock_name(lock: Path) -> str:
    """Return a lock file's name within the repository."""
    return lock.relative_to(ROOT).as_posix()


def read_stamp(venv: Path) -> dict[str, Any]:
    """Return what `.venv` says it was filled from, {} when it says nothing."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(installer: Installer, lock: Path) -> None:
    """Note in `.venv` what it holds now; the lock of the tests includes the lab's."""
    locks = {lock, requirements.LAB_LOCK}
    stamp = {
        "folder": str(installer.venv),
        "python": python_version(installer.python),
        "locks": {lock_name(each): requirements.digest(each) for each in locks},
    }
    (installer.venv / STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def add_course_to(packages: Path) -> bool:
    """Let an interpreter import the course's own packages from any folder.

    Returns whether its packages folder could be written.
    """
    pth = packages / "cold-start.pth"
    line = f"{ROOT}\n".encode(locale.getpreferredencoding(False))
    try:
        if not pth.exists() or pth.read_bytes() != line:
            pth.write_bytes(line)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let a request to terminate stop an installation the way Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[tuple[int, ...]]:
    """Wait until no other process of this clone is setting up; yield what children keep open."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "setup.lock").open("w") as file:
        if not take(file.fileno(), wait=False):
            say("The course is being set up by another command; waiting for it.")
            take(file.fileno(), wait=True)
        yield () if os.name == "nt" else (file.fileno(),)


if sys.platform == "win32":
    import msvcrt
    import time

    def take(descriptor: int, *, wait: bool) -> bool:
        """Lock an open file until it is closed; tell whether that worked."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
                time.sleep(0.5)
            else:
                return True

else:
    import fcntl

    def take(descriptor: int, *, wait: bool) -> bool:
        """Lock an open file until it is closed; tell whether that worked."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True


def say(sentence: str) -> None:
    """Tell the person at the keyboard."""
    print(sentence, file=sys.stderr, flush=True)
