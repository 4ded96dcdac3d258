"""YAML read as plain strings, lists and mappings, remembering the line of everything.

YAML guesses types: ``lesson: 07`` becomes the number 7 and ``lesson: 08`` the text "08", an option
called ``No`` becomes false. A bank is read without guessing: every scalar stays the text the author
wrote, and the schema (`quizzes.model`) decides what is a number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where it is, what is wrong and what to do about it."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.message}"


class BankError(ValueError):
    """Raised when a bank cannot be used; its text holds one line for each `Problem`."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda each: (str(each.path), each.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def _render_traceback_(self) -> list[str]:
        """Show the problems alone in a notebook."""
        return [str(problem) for problem in self.problems]


@dataclass(slots=True)
class Source:
    """A YAML file's data, and the line on which each part of it stands."""

    path: Path
    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Give the line of `place`, or of the nearest thing around it that the file has."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)

    def report(self, place: Place, message: str) -> None:
        """Note the problem that `message` tells about `place`."""
        self.problems.append(Problem(self.path, self.line(place), message))

    def convert(self, node: Any, place: Place = (), around: tuple[Any, ...] = ()) -> Any:
        """Turn a YAML node and everything in it into data, noting the lines."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node in around:
            self.report(place, "An alias contains itself; write the text out instead.")
            return None
        around = (*around, node)
        if node.id == "mapping":
            return self._mapping(node, place, around)
        if node.id == "sequence":
            return [self.convert(item, (*place, n), around) for n, item in enumerate(node.value)]
        return node.value

    def _mapping(self, node: Any, place: Place, around: tuple[Any, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if key_node.id != "scalar":
                message = "A key must be a word; text that begins with a bracket needs quotes."
                self.problems.append(Problem(self.path, line, message))
            elif key in data:
                message = f"`{key}` stands here a second time; keep one of them."
                self.problems.append(Problem(self.path, line, message))
            else:
                self.lines[(*place, key)] = line
                data[key] = self.convert(value_node, (*place, key), around)
        return data


def read(path: Path) -> Source:
    """Read a YAML file; raise `BankError` when it is not readable as YAML."""
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError:
        problem = Problem(path, 1, "The file is not UTF-8 text; save it as UTF-8.")
    except OSError as error:
        problem = Problem(path, 1, f"The file cannot be read ({error.strerror}).")
    raise BankError([problem])


def parse(text: str, path: Path) -> Source:
    """Read YAML text as if it stood in the file `path`."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    source = Source(path)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or "it holds a character YAML does not allow"
        raise BankError(
            [
                Problem(
                    path,
                    mark.line + 1 if mark else 1,
                    f"This is not valid YAML: {why}. "
                    "Check the indentation, and put quotes around text with a colon in it.",
                )
            ]
        ) from None
    if node is not None:
        source.data = source.convert(node)
    if source.problems:
        raise BankError(source.problems)
    return source
