"""Draws the questions of a sitting: shares by the blueprint's weights, all else by a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from quizzes.exams.blueprint import Blueprint

SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that may be drawn; `first` says that it is taken before others that may be."""

    id: str
    lesson: str
    objective: str
    first: bool = True


@dataclass(frozen=True, slots=True)
class Drawn:
    """A question of a sitting, and the seed of its numbers and of its order."""

    id: str
    seed: int


def draw(blueprint: Blueprint, pool: Sequence[Candidate], seed: int, count: int) -> list[Drawn]:
    """Draw `count` questions, or all there are; the same seed and pool draw the same.

    Within a lesson's share every objective has its turn before one comes a second time.
    """
    chance = random.Random(f"draw {seed}")
    parts = _parts(blueprint, pool)
    sizes = {name: len(candidates) for name, candidates in parts.items()}
    chosen: list[Candidate] = []
    for name, share in shares(blueprint.weights, sizes, count).items():
        chosen += _spread(parts[name], chance)[:share]
    chance.shuffle(chosen)
    return [Drawn(each.id, chance.randrange(1, SEEDS)) for each in chosen]


def shares(weights: Mapping[str, Decimal], sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Divide `count` questions by weight, no part getting more than its size.

    Largest remainders get the odd ones; what a small part cannot take goes to the others.
    """
    open_parts = {name: weight for name, weight in weights.items() if sizes.get(name, 0)}
    given = dict.fromkeys(open_parts, 0)
    left = min(count, sum(sizes[name] for name in open_parts))
    while left:
        total = sum(open_parts.values())
        exact = {name: left * weight / total for name, weight in open_parts.items()}
        full = [name for name in open_parts if given[name] + exact[name] >= sizes[name]]
        if full:
            for name in full:
                left -= sizes[name] - given[name]
                given[name] = sizes[name]
                del open_parts[name]
            continue
        for name in open_parts:
            given[name] += math.floor(exact[name])
        odd = left - sum(math.floor(each) for each in exact.values())
        remainders = sorted(open_parts, key=lambda name: -(exact[name] % 1))
        for name in remainders[:odd]:
            given[name] += 1
        left = 0
    return given


def _parts(blueprint: Blueprint, pool: Sequence[Candidate]) -> dict[str, list[Candidate]]:
    parts: dict[str, list[Candidate]] = {name: [] for name in blueprint.weights}
    for each in pool:
        name = each.objective if each.objective in parts else each.lesson
        if name in parts:
            parts[name].append(each)
    return parts


def _spread(candidates: Sequence[Candidate], chance: random.Random) -> list[Candidate]:
    """Order candidates so that objectives take turns, and those to be taken first come first."""
    piles: dict[str, list[Candidate]] = {}
    for each in candidates:
        piles.setdefault(each.objective, []).append(each)
    order = list(piles)
    chance.shuffle(order)
    for pile in piles.values():
        chance.shuffle(pile)
        pile.sort(key=lambda each: not each.first)
    turns = max(map(len, piles.values()), default=0)
    return [piles[name][turn] for turn in range(turns) for name in order if turn < len(piles[name])]
