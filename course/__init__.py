"""The course as data and the tools that build it; lessons use ``check`` and ``exam``.

Importing this package needs the standard library alone, because ``python3 -m course`` runs
before anything is installed: the names below are loaded when first used.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from course.checking import check
    from course.exams import exam, interview, practice
    from course.map import course_map

_HOMES = {
    "check": "course.checking",
    "course_map": "course.map",
    "exam": "course.exams",
    "interview": "course.exams",
    "practice": "course.exams",
}

__all__ = ["check", "course_map", "exam", "interview", "practice"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError("module 'course' has no attribute " + repr(name))
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> "list[str]":
    return sorted([*globals(), *_HOMES])
