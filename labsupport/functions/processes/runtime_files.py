"""What stands in /var/runtime: the runtime client and the SDK, from this machine's packages."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from labsupport.errors import LabError

from .runtime_programs import node_program

HERE = Path(__file__).parent

# What Lambda's Python runtimes bring: the runtime client and boto3, with what they need.
RUNTIME_PACKAGES = (
    "awslambdaric",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)


def runtime_files(*, portable_client: bool = False) -> dict[str, str]:
    """What stands in /var/runtime: names there, and where each comes from on this machine.

    Args:
        portable_client: use the pure-Python runtime client even where there is a native one.
    """
    native = find_spec("runtime_client")
    files = {
        "bootstrap.py": str(HERE / "launcher.py"),
        "index.mjs": str(HERE / "nodejs" / "runtime.mjs"),
    }
    if node := node_program():
        files["node"] = os.path.realpath(node)
    for name in ("launcher_snapshot.py", "warden_linux.py"):
        files[name] = str(HERE / name)
    for name in RUNTIME_PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise LabError(
                f"The package {name} is missing, so no function can run: "
                "set up the course again with `python3 -m course lab`."
            )
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        files[source.name] = str(source.resolve())
    if portable_client or native is None or native.origin is None:
        files["runtime_client.py"] = str(HERE / "portable" / "runtime_client.py")
    else:
        files[Path(native.origin).name] = str(Path(native.origin).resolve())
    return files


def place_runtime(files: dict[str, str], folder: Path) -> None:
    """Make a folder with the runtime's files: links where the system has them, else copies."""
    if folder.exists():
        return
    folder.mkdir()
    for name, source in files.items():
        try:
            (folder / name).symlink_to(source)
        except OSError:
            copy = shutil.copytree if os.path.isdir(source) else shutil.copyfile
            copy(source, folder / name)
