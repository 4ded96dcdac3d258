"""How good questions are, from the answers of many learners: classical item analysis.

Of each learner the first answer to a question counts; later ones were given knowing the feedback.

``difficulty``      mean score, from 0 (nobody) to 1 (everybody right)
``discrimination``  correlation of the question's score with the learner's mean score in the other
                    questions (point-biserial for questions that are right or wrong): do those who
                    know the rest get this one right?
``upper_lower``     mean score of the best 27 percent minus that of the weakest 27 percent

https://en.wikipedia.org/wiki/Item_analysis tells more of these measures.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quizzes.attempts import Attempt

GROUP = 0.27
LEAST = 20
"""Answers a question needs before something is said against it."""
EASY, HARD = 0.95, 0.25
DRAWN = 0.1
"""Share of the strong learners that a wrong option must draw to be doubted."""
SURE = 1.64
"""Standard errors by which it must draw more of them than of the weak: chance, one time in 20."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A learner's first answer to a question: what was chosen or written, and its score."""

    chosen: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Option:
    """An option or a frequent answer: how many gave it, of all, of the best and of the weakest.

    `rest` is the mean score of those who gave it in the other questions.
    """

    name: str
    right: bool
    count: int
    upper: float
    lower: float
    rest: float | None


@dataclass(frozen=True, slots=True)
class Item:
    """The figures of one question, and what about it should be mended."""

    id: str
    answers: int
    difficulty: float
    discrimination: float | None
    upper_lower: float | None
    options: tuple[Option, ...]
    flags: tuple[str, ...]


def first_answers(
    learners: Iterable[Iterable[Attempt]],
    chosen: Callable[[Attempt], tuple[str, ...]],
    modes: Sequence[str] = (),
) -> list[dict[str, Answered]]:
    """Give each learner's first answers by question; `modes`, if any, are those that count.

    Logs that share an attempt are exports of one learner, and are put together.
    """
    merged: list[dict[str, Attempt]] = []
    for log in learners:
        mine = {each.uuid: each for each in log}
        same = [other for other in merged if not mine.keys().isdisjoint(other)]
        merged = [other for other in merged if not any(other is each for each in same)]
        for other in same:
            mine = other | mine
        merged.append(mine)
    found: list[dict[str, Answered]] = []
    for attempts in merged:
        first: dict[str, Answered] = {}
        for each in sorted(attempts.values(), key=lambda each: each.sequence or each.at):
            asked = each.kind == "quiz" and each.outcome in {"right", "partly", "wrong"}
            if asked and (not modes or each.mode in modes) and each.item_id not in first:
                first[each.item_id] = Answered(chosen(each), each.score)
        found.append(first)
    return found


def analyse(
    learners: Sequence[Mapping[str, Answered]],
    options: Mapping[str, Mapping[str, bool]],
    least: int = LEAST,
) -> list[Item]:
    """Give the figures of every question answered, the most doubtful first.

    `options` maps questions to their options and whether they are right. A question with fewer than
    `least` answers has no flags.
    """
    ids = list(dict.fromkeys(name for learner in learners for name in learner))
    items = [_item(name, learners, options.get(name, {}), least) for name in ids]
    return sorted(items, key=lambda item: (-len(item.flags), _sortable(item.discrimination)))


def _item(
    name: str,
    learners: Sequence[Mapping[str, Answered]],
    options: Mapping[str, bool],
    least: int,
) -> Item:
    answers = [learner[name] for learner in learners if name in learner]
    rests = [_rest(learner, name) for learner in learners if name in learner]
    compared = [
        (rest, answer) for rest, answer in zip(rests, answers, strict=True) if rest is not None
    ]
    ranked = [answer for _, answer in sorted(compared, key=lambda pair: pair[0])]
    size = round(GROUP * len(ranked))
    lower, upper = ranked[:size], ranked[len(ranked) - size :]
    told = tuple(_options(answers, rests, upper, lower, options))
    discrimination = _correlation([(rest, answer.score) for rest, answer in compared])
    difficulty = statistics.fmean(each.score for each in answers)
    flags = _flags(difficulty, discrimination, told, size) if len(answers) >= least else ()
    return Item(
        id=name,
        answers=len(answers),
        difficulty=difficulty,
        discrimination=discrimination,
        upper_lower=_mean(upper) - _mean(lower) if size else None,
        options=told,
        flags=tuple(flags),
    )


def _options(
    answers: Sequence[Answered],
    rests: Sequence[float | None],
    upper: Sequence[Answered],
    lower: Sequence[Answered],
    options: Mapping[str, bool],
) -> Iterable[Option]:
    counts = Counter(name for each in answers for name in each.chosen)
    names = list(options) or [name for name, count in counts.most_common(5) if count > 1]
    for name in names:
        takers = [
            rest
            for rest, answer in zip(rests, answers, strict=True)
            if name in answer.chosen and rest is not None
        ]
        yield Option(
            name=name,
            right=options[name] if options else _earned(answers, name),
            count=counts[name],
            upper=_share(upper, name),
            lower=_share(lower, name),
            rest=statistics.fmean(takers) if takers else None,
        )


def _flags(
    difficulty: float, discrimination: float | None, options: Sequence[Option], size: int
) -> Iterable[str]:
    if difficulty > EASY:
        yield "too easy"
    if difficulty < HARD:
        yield "too hard"
    if discrimination is not None and discrimination < 0:
        yield "negative discrimination"
    for option in options:
        if option.count == 0:
            yield f"nobody chooses {option.name}"
        if not option.right and option.upper >= DRAWN and _draws_the_strong(option, size):
            yield f"strong learners choose {option.name}"


def _draws_the_strong(option: Option, size: int) -> bool:
    pooled = (option.upper + option.lower) / 2
    return option.upper - option.lower > SURE * math.sqrt(pooled * (1 - pooled) * 2 / size)


def _rest(learner: Mapping[str, Answered], name: str) -> float | None:
    others = [answer.score for other, answer in learner.items() if other != name]
    return statistics.fmean(others) if others else None


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 3:
        return None
    try:
        return statistics.correlation(*zip(*pairs, strict=True))
    except statistics.StatisticsError:
        return None  # all the same


def _earned(answers: Sequence[Answered], name: str) -> bool:
    return any(name in each.chosen and each.score >= 1 for each in answers)


def _mean(group: Sequence[Answered]) -> float:
    return statistics.fmean(each.score for each in group)


def _share(group: Sequence[Answered], name: str) -> float:
    return sum(name in each.chosen for each in group) / len(group) if group else 0.0


def _sortable(number: float | None) -> float:
    return math.inf if number is None else number


def as_text(kept: Any) -> str:
    """Write a saved answer that is no list of letters, so that equal ones are the same."""
    if isinstance(kept, dict):
        return ", ".join(f"{key}{value}" for key, value in sorted(kept.items()))
    if isinstance(kept, list):
        return ", ".join(map(str, kept))
    return "" if kept is None else " ".join(str(kept).split())
