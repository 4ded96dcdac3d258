"""The subcommands of ``python3 -m course`` and how each gets to run."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path

from course import bootstrap
from course.problem import Problem
from course.requirements import LAB_LOCK, TEST_LOCK


@dataclass(frozen=True)
class Subcommand:
    """A module with ``main(argv) -> int``, run in an environment that holds the lock.

    A module with ``check(argv)`` is asked before anything is installed; it raises Problem.
    """

    module: str
    summary: str
    lock: Path = TEST_LOCK


SUBCOMMANDS = {
    "lab": Subcommand("course.launch", "open the course in JupyterLab", LAB_LOCK),
    "test": Subcommand("course.testing", "run every test"),
    "progress": Subcommand("course.progress", "what you have done and what is next", LAB_LOCK),
    "items": Subcommand("course.items", "which questions to mend, by a class's answers", LAB_LOCK),
    "facts": Subcommand("course.facts", "list the facts about AWS, where they are used, how old"),
    "topics": Subcommand("course.topics", "where each topic of the subject catalogue is taught"),
    "build": Subcommand("course.build", "build the notebooks from course/lessons"),
}


def usage() -> str:
    """Return the list of subcommands, a line each."""
    lines = [f"  {name:<9} {each.summary}" for name, each in SUBCOMMANDS.items()]
    return "\n".join(["usage: python3 -m course <subcommand> [options]", "", *lines])


def main(argv: list[str]) -> int:
    """Set the environment up if need be, run a subcommand in it, return its exit code."""
    try:
        if not argv or argv[0] in ("-h", "--help"):
            print(usage())
            return 0 if argv else 2
        subcommand = find(argv[0])
        if subcommand.module == "course.launch":
            from course import launch

            launch.check(argv[1:])
        return bootstrap.ensure(subcommand.lock).hand_over(["-m", "course.cli", *argv])
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def find(name: str) -> Subcommand:
    """Return the subcommand of that name; raises Problem when there is none."""
    if name not in SUBCOMMANDS:
        raise Problem(f"There is no subcommand {name!r}.\n\n{usage()}")
    return SUBCOMMANDS[name]


def run_here(argv: list[str]) -> int:
    """Run a subcommand in this interpreter, which has the packages."""
    try:
        return int(importlib.import_module(find(argv[0]).module).main(argv[1:]))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(run_here(sys.argv[1:]))
