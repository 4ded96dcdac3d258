"""Which program serves a function in its execution environment, runtime by runtime.

Python runs AWS's own runtime client. Node.js runs a runtime of the lab's own on the `node` that
this machine has, whatever its version. An OS-only runtime runs the executable `bootstrap` of the
package or of a layer (docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..environments import failures
from ..environments.failures import Failure
from ..errors import ServiceError
from ..model import FunctionVersion
from .spawning import Processes

_FOR_SH = re.compile(rb"#! ?(/usr)?/bin/sh\n")


@dataclass(frozen=True)
class Place:
    """Where an environment's folders are on this machine, and as it sees them.

    Args:
        task: the deployment package, unpacked.
        layers: the layers, unpacked.
    """

    task: Path
    layers: Path
    isolated: bool

    @property
    def task_root(self) -> str:
        """Where the environment sees the package."""
        return "/var/task" if self.isolated else str(self.task)

    @property
    def opt(self) -> str:
        """Where the environment sees the layers."""
        return "/opt" if self.isolated else str(self.layers)

    def as_on_aws(self, path: str) -> str:
        """The name that a path of the environment has on AWS."""
        path = path.replace(self.task_root, "/var/task", 1)
        return path.replace(self.opt, "/opt", 1)


def is_os_only(runtime: str) -> bool:
    """Whether the package brings its own runtime."""
    return runtime.startswith("provided")


def node_program() -> str | None:
    """The Node.js program of this machine."""
    return shutil.which("node")


def check_can_run(function: FunctionVersion) -> None:
    """Refuse what this machine can't run.

    Raises:
        ServiceError: in one sentence of the lab's own; on AWS the function would run.
    """
    runtime = function.runtime
    if runtime.startswith("nodejs") and node_program() is None:
        raise ServiceError(
            "InvalidRuntimeException",
            f"{function.name} needs Node.js, which isn't installed here: install `node`, "
            "then start the lab again.",
        )
    if not runtime.startswith(("python", "nodejs", "provided")):
        kind = f"the runtime {runtime}" if runtime else "a container image"
        raise ServiceError(
            "InvalidRuntimeException",
            "The lab runs functions with a Python, Node.js or OS-only runtime, and "
            f"{function.name} uses {kind}; on AWS it would run.",
        )


def command_line(
    function: FunctionVersion, place: Place, processes: Processes, *, for_snapshot: bool = False
) -> list[str] | Failure:
    """The command line of the environment's main process, or why there is none.

    Args:
        for_snapshot: of a process that others will be forked from.
    """
    root = processes.runtime_root
    if is_os_only(function.runtime):
        return _bootstrap(place)
    if function.runtime.startswith("nodejs"):
        node = f"{root}/node" if place.isolated else node_program()
        return [node or "node", f"{root}/index.mjs"]
    version = function.runtime.removeprefix("python")
    paths: dict[str, Any] = {
        "task": place.task_root,
        "layers": [f"{place.opt}/python/lib/python{version}/site-packages", f"{place.opt}/python"],
        "runtime": root,
        "isolated": place.isolated,
    }
    if for_snapshot:
        paths["snapshot"] = {"tmp_mb": function.ephemeral_mb if place.isolated else 0}
    return [processes.python, "-I", "-S", f"{root}/bootstrap.py", json.dumps(paths)]


def _bootstrap(place: Place) -> list[str] | Failure:
    for folder, seen in ((place.task, place.task_root), (place.layers, place.opt)):
        if os.path.lexists(folder / "bootstrap"):
            return [*_shell(folder / "bootstrap"), f"{seen}/bootstrap"]
    return failures.invalid_entrypoint(
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    )


def _shell(script: Path) -> list[str]:
    """What runs a script for /bin/sh: on AWS that is bash, which many scripts rely on."""
    bash = shutil.which("bash")
    with contextlib.suppress(OSError), script.open("rb") as file:
        if bash and os.access(script, os.X_OK) and _FOR_SH.fullmatch(file.readline(200)):
            return [bash, "--posix"]
    return []


def variables(function: FunctionVersion, place: Place, runtime_root: str) -> dict[str, str]:
    """The environment variables that differ from runtime to runtime."""
    libraries = (
        f"/lib64:/usr/lib64:{runtime_root}:{runtime_root}/lib:"
        f"{place.task_root}:{place.task_root}/lib:{place.opt}/lib"
    )
    if is_os_only(function.runtime):
        return {"LD_LIBRARY_PATH": libraries}
    execution = {"AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}"}
    if function.runtime.startswith("nodejs"):
        version = re.sub(r"\D.*", "", function.runtime.removeprefix("nodejs"))
        modules = (
            f"{place.opt}/nodejs/node{version}/node_modules:{place.opt}/nodejs/node_modules:"
            f"{runtime_root}/node_modules:{runtime_root}:{place.task_root}"
        )
        return execution | {"LD_LIBRARY_PATH": libraries, "NODE_PATH": modules}
    language = "/var/lang" if place.isolated else ""
    return execution | {
        "LD_LIBRARY_PATH": f"{language}/lib:{libraries}",
        "PYTHONPATH": runtime_root,
    }
