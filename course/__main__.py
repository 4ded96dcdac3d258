"""``python3 -m course lab`` opens the course, ``python3 -m course test`` runs every test.

This file has to run under Pythons too old for the course, to be able to say so.
"""

import sys

OLDEST_PYTHON = (3, 11)


def main() -> int:
    """Run the subcommand on the command line and return its exit code."""
    if sys.version_info < OLDEST_PYTHON:
        sys.stderr.write(
            "The course needs Python {}.{} or newer and this is Python {}.{}: "
            "install a newer one from https://www.python.org/downloads/ "
            "and run the same command with it.\n".format(*OLDEST_PYTHON, *sys.version_info[:2])
        )
        return 1
    from course import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
