"""What an execution environment runs: AWS's runtime client, with Lambda's module search path.

Run as ``python -I -S bootstrap.py SEARCH_PATH`` where SEARCH_PATH is JSON: the folders of the
function, its layers and the runtime. Python's own site-packages are left out, so that a module the
learner's package doesn't bring is missing here as it is on AWS.
"""

import json
import os
import sys
from importlib import machinery
from types import CodeType


def show_code_as_in_task(task_root: str) -> None:
    """Give modules below `task_root` the file names they have on AWS, for their stack traces."""

    class TaskLoader(machinery.SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType:
            path = self.get_filename(fullname)
            shown = "/var/task" + path[len(task_root) :].replace(os.sep, "/")
            return compile(self.get_data(path), shown, "exec", dont_inherit=True)

    loaders = [
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
        (TaskLoader, [".py"]),
    ]

    def task_finder(path: str) -> machinery.FileFinder:
        if not (path + os.sep).startswith(task_root + os.sep):
            raise ImportError(path)
        return machinery.FileFinder(path, *loaders)

    sys.path_hooks.insert(0, task_finder)
    sys.path_importer_cache.clear()


def end_with_standard_input() -> None:
    """End when the lab does: it holds the other end. Only where there is no warden to see to it."""
    import threading

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Import the runtime client, put Lambda's search path in place, and serve events."""
    paths = json.loads(sys.argv[1])
    if os.environ.pop("COLD_START_END_WITH_STDIN", ""):
        end_with_standard_input()
    # awslambdaric then writes log records as frames; they go where the output goes, in its order.
    frames = os.dup(1)
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(frames)
    standard = list(sys.path)
    sys.path[:] = [paths["runtime"], *standard]
    if "snapshot" in paths:
        import launcher_snapshot  # type: ignore[import-not-found]

        launcher_snapshot.keep_client_out()
        launcher_snapshot.offer(paths["runtime"], frames, paths["snapshot"]["tmp_mb"])
    from awslambdaric.__main__ import main as serve

    if not paths["isolated"]:
        show_code_as_in_task(paths["task"])
    sys.path[:] = [paths["task"], *paths["layers"], paths["runtime"], *standard]
    serve(["bootstrap.py", os.environ["_HANDLER"]])


main()
