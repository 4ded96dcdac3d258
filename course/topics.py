"""``python3 -m course topics``: where each topic of the subject catalogue is taught."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from course.outline import ROOT, Lesson, Outline, load_outline, spelled_out
from course.problem import Problem

TOPICS = ROOT / "course" / "topics.yml"


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson that teaches a topic; `headings` are empty while it is planned."""

    lesson: Lesson
    headings: tuple[str, ...]

    def __str__(self) -> str:
        where = " · ".join(self.headings) if self.lesson.ready else "planned"
        return f"{self.lesson.label} {self.lesson.title}: {where}"


@dataclass(frozen=True, slots=True)
class Topics:
    """The catalogue's numbers in order, and lesson id → heading → topics."""

    catalogue: tuple[str, ...]
    headings: dict[str, dict[str, tuple[str, ...]]]

    def places(self, topic: str, outline: Outline) -> list[Place]:
        """The lessons that teach a topic, in the course's order."""
        return [
            Place(lesson, self._under(lesson.id, topic))
            for lesson in outline.lessons
            if topic in lesson.topics
        ]

    def _under(self, lesson: str, topic: str) -> tuple[str, ...]:
        own = self.headings.get(lesson, {})
        return tuple(heading for heading, topics in own.items() if topic in topics)


def load_topics(path: Path = TOPICS) -> Topics:
    """Reads the file. Raises Problem when it has not the form that its first lines describe."""
    try:
        tree: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        catalogue = tuple(
            f"{section}.{place:02}"
            for section, count in tree["catalogue"].items()
            for place in range(1, count + 1)
        )
        headings = {
            lesson: {heading: _spelled(ranges) for heading, ranges in own.items()}
            for lesson, own in tree["headings"].items()
        }
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{path.name} cannot be read: {error}.") from None
    return Topics(catalogue, headings)


def _spelled(ranges: Iterable[Any]) -> tuple[str, ...]:
    return tuple(topic for each in ranges for topic in spelled_out(each))


def main(argv: list[str]) -> int:
    """List topics with their places; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m course topics", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="NN.NN", help="topics; all when left out")
    wanted = parser.parse_args(argv).topics
    topics, outline = load_topics(), load_outline()
    strangers = [each for each in wanted if each not in topics.catalogue]
    if strangers:
        raise Problem(f"The catalogue has no topic {strangers[0]}.")
    for topic in wanted or topics.catalogue:
        for place in topics.places(topic, outline):
            print(f"{topic:>5}  {place}")
    return 0
