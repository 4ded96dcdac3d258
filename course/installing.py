"""Fill a virtual environment from a lock file with uv or pip, showing how far it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from course import requirements


class Failed(Exception):
    """An installer ended with an error; ``output`` is everything it printed."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


class Progress:
    """One line that moves on a terminal; elsewhere a plain line now and then."""

    def __init__(self, stream: IO[str], every: float = 10) -> None:
        self.stream = stream
        self.moving = stream.isatty()
        self.every = every
        self.started = time.monotonic()
        self.printed = -every
        self.last = ""

    def show(self, text: str) -> None:
        """Say what is going on now."""
        elapsed = time.monotonic() - self.started
        if self.moving:
            mark = "|/-\\"[int(elapsed * 5) % 4]
            self.stream.write(self.line(f"{mark} {text} ({elapsed:.0f} s)"))
        elif text != self.last and elapsed - self.printed >= self.every:
            self.stream.write(f"{text} ({elapsed:.0f} s)\n")
            self.printed = elapsed
            self.last = text
        self.stream.flush()

    def close(self) -> None:
        """Leave the terminal on an empty line."""
        if self.moving:
            self.stream.write(self.line("") + "\r")
            self.stream.flush()

    def line(self, text: str) -> str:
        """Return what puts a text in the place of the terminal's last line."""
        width = shutil.get_terminal_size().columns - 1
        return f"\r{text[:width]:<{width}}"


@dataclass(frozen=True)
class Installer:
    """What fills `venv`: uv when its path is given, else pip; output is kept in `log`."""

    venv: Path
    uv: str | None
    log: Path
    keep_open: tuple[int, ...] = ()  # file descriptors that stay open as long as a child runs

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return scripts_folder(self.venv) / ("python.exe" if os.name == "nt" else "python")

    def make(self, base: str) -> None:
        """Create the empty environment for the interpreter `base`."""
        if self.uv:
            command = [self.uv, "venv", "--no-python-downloads", "--python", base]
        else:
            command = [base, "-m", "venv"]
        self.run([*command, "--prompt", "cold-start", str(self.venv)])

    def install(self, lock: Path) -> None:
        """Install every package of the lock, each checked against its hash."""
        python = str(self.python)
        if self.uv:
            command = [self.uv, "pip", "install", "--python", python]
        else:
            if not any(site_packages(self.venv).glob("pip-*.dist-info")):
                self.run([python, "-m", "ensurepip", "--default-pip"])
            command = [python, "-m", "pip", "install", "--disable-pip-version-check"]
            command += ["--no-input", "--no-compile", "--progress-bar", "off", "--retries", "2"]
        progress = Progress(sys.stderr)
        before, total = self.installed(), requirements.count(lock)
        try:
            self.run(
                [*command, "--no-deps", "--require-hashes", "-r", str(lock)],
                lambda lines: progress.show(self.state(lines, before, total)),
            )
        finally:
            progress.close()
        self.mend_scripts()

    def mend_scripts(self) -> None:
        """Let commands such as `aws` run from a folder with a space in its name.

        No first line of a script may have one on Linux and macOS; pip minds that for most only.
        """
        if os.name == "nt" or " " not in str(self.venv):
            return
        unusable = os.fsencode(f"#!{scripts_folder(self.venv)}/python")
        usable = os.fsencode(f"#!/bin/sh\n'''exec' \"{self.python}\" \"$0\" \"$@\"\n' '''\n")
        for script in scripts_folder(self.venv).iterdir():
            if script.is_file() and not script.is_symlink():
                first, _, rest = script.read_bytes().partition(b"\n")
                if first.startswith(unusable):
                    script.write_bytes(usable + rest)

    def installed(self) -> int:
        """Return how many packages are in place."""
        return sum(1 for _ in site_packages(self.venv).glob("*.dist-info"))

    def state(self, lines: Sequence[str], before: int, total: int) -> str:
        """Say in words how far an installation is, from its output and what is in place."""
        new = self.installed() - before
        seen = ("Collecting ", "Requirement already satisfied")
        collected = sum(line.lstrip().startswith(seen) for line in lines)
        if new > 0:
            return f"Installing packages: {min(new, total)} of about {total}"
        if collected:
            return f"Collecting packages: {min(collected, total)} of about {total}"
        return f"Collecting about {total} packages"

    def run(self, command: list[str], tell: Callable[[list[str]], None] | None = None) -> None:
        """Run an installer to its end; raise Failed when it fails."""
        lines: list[str] = []

        def read(stream: IO[str]) -> None:
            for line in stream:
                lines.append(line)

        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=clean_variables(),
            pass_fds=self.keep_open,
            start_new_session=True,  # Ctrl-C comes to us; we end the installer and its children
        )
        assert process.stdout is not None
        reader = threading.Thread(target=read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                if tell:
                    tell(lines)
                reader.join(0.2)
        finally:
            stop(process)
            with self.log.open("a", encoding="utf-8") as record:
                record.writelines([" ".join(command), "\n", *lines, "\n"])
        if process.returncode:
            raise Failed("".join(lines))


def scripts_folder(venv: Path) -> Path:
    """Return where an environment keeps its commands on this operating system."""
    return venv / ("Scripts" if os.name == "nt" else "bin")


def site_packages(venv: Path) -> Path:
    """Return where an environment keeps its packages."""
    if os.name == "nt":
        return venv / "Lib" / "site-packages"
    return next(venv.glob("lib/python*/site-packages"), venv)


def clean_variables() -> dict[str, str]:
    """Return the environment variables without those that would send packages elsewhere."""
    unwanted = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def stop(process: subprocess.Popen[str]) -> None:
    """End what is still running of an installer, politely first."""
    if process.poll() is None:
        end(process, forced=False)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        end(process, forced=True)
        process.wait()


def end(process: subprocess.Popen[str], forced: bool) -> None:
    """Ask, or force, a process and those it started to end."""
    if sys.platform == "win32":
        process.terminate()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL if forced else signal.SIGTERM)
