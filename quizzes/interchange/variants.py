"""The questions to write: each once, or with several sets of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quizzes.interchange import VARIANTS
from quizzes.model import Question

_SEEDS = 40


def variants(questions: Iterable[Question]) -> Iterator[tuple[str, Question]]:
    """Give each question's instances, and a name that is different for each of them."""
    for question in questions:
        if not question.parameters:
            yield question.id, question.instance()
            continue
        different: dict[str, Question] = {}
        for seed in range(_SEEDS):
            one = question.instance(seed)
            different.setdefault(one.body(), one)
            if len(different) == VARIANTS:
                break
        for number, one in enumerate(different.values(), 1):
            yield f"{question.id}-{number}", one
