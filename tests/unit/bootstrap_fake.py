"""Stands in for uv, for an interpreter and for its pip: notes what it is asked, does a little.

What it prints and how it ends while installing is set by FAKE_OUTPUT, FAKE_EXIT, FAKE_SLEEP.
"""

import os
import sys
import time
from pathlib import Path

arguments = sys.argv[1:]
program = Path(sys.argv[0]).name
words = [each for each in arguments if each in ("venv", "pip", "install", "ensurepip")]
if words:
    with Path(os.environ["FAKE_CALLS"]).open("a") as calls:
        calls.write(" ".join([program, *words]) + "\n")

if "-c" in arguments:
    print(f"{sys.version_info[0]}.{sys.version_info[1]}")
elif "course.requirements" in arguments:
    sys.exit(0 if os.environ.get("FAKE_HOLDS") else 1)
elif "install" in arguments:
    print(os.environ.get("FAKE_OUTPUT", "Collecting everything"), flush=True)
    if program == "python":
        command = Path(sys.argv[0]).with_name("aws")
        command.write_text(f"#!{sys.argv[0]}\n")
        command.chmod(0o755)
    time.sleep(float(os.environ.get("FAKE_SLEEP", "0")))
    only = os.environ.get("FAKE_ONLY", program)
    sys.exit(int(os.environ.get("FAKE_EXIT", "0")) if only == program else 0)
elif "venv" in arguments:
    folder = Path(arguments[-1])
    (folder / "lib" / "python3.11" / "site-packages" / "pip-1.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(Path(os.environ["FAKE_PYTHON"]))
    (folder / "pyvenv.cfg").write_text("home = nowhere\n")
