"""What an execution environment runs: AWS's runtime client, with Lambda's module search path.

Run as ``python -I -S bootstrap.py SEARCH_PATH`` where SEARCH_PATH is JSON: the folders of the
function, its layers and the runtime. Python's own site-packages are left out, so that a module the
learner's package doesn't bring is missing here as it is on AWS.
"""

import json
import os
import sys


def show_code_as_in_task(task_root: str) -> None:
    """Give modules below `task_root` the file names they have on AWS, for their stack traces."""
    from importlib.machinery import FileFinder, PathFinder, SourceFileLoader

    class TaskLoader(SourceFileLoader):
        def source_to_code(self, data, path, *, _optimize=-1):  # type: ignore[no-untyped-def,override]
            shown = "/var/task" + os.fspath(path)[len(task_root) :].replace(os.sep, "/")
            return compile(data, shown, "exec", dont_inherit=True, optimize=_optimize)

        def get_code(self, fullname):  # type: ignore[no-untyped-def]
            return self.source_to_code(self.get_data(self.path), self.path)

    def task_finder(path: str) -> FileFinder:
        if not (path + os.sep).startswith(task_root + os.sep):
            raise ImportError(path)
        return FileFinder(path, *others, (TaskLoader, [".py"]))

    from importlib.machinery import (
        BYTECODE_SUFFIXES,
        EXTENSION_SUFFIXES,
        ExtensionFileLoader,
        SourcelessFileLoader,
    )

    others = [(ExtensionFileLoader, EXTENSION_SUFFIXES), (SourcelessFileLoader, BYTECODE_SUFFIXES)]
    sys.path_hooks.insert(0, task_finder)
    PathFinder.invalidate_caches()


def main() -> None:
    """Import the runtime client, put Lambda's search path in place, and serve events."""
    paths = json.loads(sys.argv[1])
    standard = list(sys.path)
    sys.path[:] = [paths["runtime"], *standard]
    from awslambdaric.__main__ import main as serve

    if not paths["isolated"]:
        show_code_as_in_task(paths["task"])
    sys.path[:] = [paths["task"], *paths["layers"], paths["runtime"], *standard]
    serve(["bootstrap.py", os.environ["_HANDLER"]])


main()
