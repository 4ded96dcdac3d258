"""``python3 -m course lab``: the course in JupyterLab, apart from the learner's own Jupyter.

What can be checked before anything is installed needs the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from course import trouble
from course.bootstrap import STATE
from course.problem import Problem
from course.requirements import ROOT

FIRST_NOTEBOOK = "notebooks/00-start-here.ipynb"
HOST = "127.0.0.1"
FIRST_PORT = 8888


def parse(argv: list[str]) -> argparse.Namespace:
    """Read the options of ``lab``."""
    parser = argparse.ArgumentParser(
        prog="python3 -m course lab", description="Open the course in JupyterLab."
    )
    parser.add_argument(
        "notebook", nargs="?", default=FIRST_NOTEBOOK, help=f"to open first ({FIRST_NOTEBOOK})"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address to open")
    parser.add_argument(
        "--port", type=int, help=f"to serve on; 0 takes any free one (the first from {FIRST_PORT})"
    )
    return parser.parse_args(argv)


def check(argv: list[str], root: Path = ROOT) -> argparse.Namespace:
    """Return the options once they can be met; raises Problem when they cannot."""
    options = parse(argv)
    options.notebook = find_notebook(options.notebook, root)
    if options.port and not is_free(options.port):
        raise Problem(
            f"Port {options.port} is taken by another program (perhaps this course, already "
            "open): choose another with --port, or leave --port out to have a free one found."
        )
    return options


def find_notebook(name: str, root: Path) -> str:
    """Return a notebook's path below `root`, given by path, name or number; raises Problem."""
    numbered = sorted((root / "notebooks").glob(f"{name}*.ipynb")) if name[:2].isdigit() else []
    for path in (Path(name), root / name, root / "notebooks" / name, *numbered):
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return path.resolve().relative_to(root.resolve()).as_posix()
    if name == FIRST_NOTEBOOK:
        raise Problem(
            f"{FIRST_NOTEBOOK} is missing: this copy of the course has not been built or is not "
            "whole; build it with `python3 -m course build`, or clone it again."
        )
    raise Problem(f"There is no notebook {name} in {root}: check the name, or leave it out.")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a port of this machine; raises Problem if no port."""
    if not 0 <= port < 65536:
        raise Problem(f"{port} is not a port: choose one from 1024 to 65535 with --port.")
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise Problem(
                f"Port {port} is reserved by the system: choose one from 1024 on with --port."
            ) from error
        except OSError:
            return False
    return True


def choose_port(wanted: int | None) -> int:
    """Return the wanted port, any free one for 0, the first free one for None."""
    if wanted:
        return wanted
    if wanted is None:
        for port in range(FIRST_PORT, FIRST_PORT + 100):
            if is_free(port):
                return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def can_show_browser() -> bool:
    """Tell whether opening a browser makes sense: not on a Linux machine without a screen."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def isolate(state: Path) -> None:
    """Keep Jupyter's and IPython's files in a folder; the learner's own are not touched."""
    state.mkdir(parents=True, exist_ok=True)
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG"):
        os.environ.pop(name, None)
    os.environ["JUPYTER_CONFIG_DIR"] = str(state / "config")
    os.environ["JUPYTER_DATA_DIR"] = str(state / "data")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(state / "runtime")
    os.environ["IPYTHONDIR"] = str(state / "ipython")


def mask_credentials() -> None:
    """Hide the learner's AWS account from every kernel, also before a lab has been started."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


def main(argv: list[str], root: Path = ROOT) -> int:
    """Serve the course in `root` until Ctrl-C; return the exit code."""
    options = check(argv, root)
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # 1 s to load, never used
    state = root / STATE.name
    with trouble.explained(root, state):
        isolate(state)
        mask_credentials()
        from course import server

        server.write_settings(state)
    return server.serve(
        root=root,
        notebook=options.notebook,
        port=choose_port(options.port),
        open_browser=not options.no_browser and can_show_browser(),
    )
