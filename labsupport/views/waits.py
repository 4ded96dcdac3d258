"""An axis of real time on which waits take little room."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .lanes import Moment

LONG = 0.12
"""A pause is cut where it is longer than this share of all the time in which something ran."""
LONG_LAB_S = 30.0
WIDE, NARROW, LEAST = 0.065, 0.15, 0.012
"""Shares of the axis: of one cut that has a label, of all others together, of work between."""
LABELS = 6


@dataclass(frozen=True)
class Wait:
    """A time in which nothing ran.

    Args:
        start: seconds on the axis' own scale.
        lab_s: how long it was in lab time.
    """

    start: float
    end: float
    lab_s: float


class Axis:
    """Takes seconds since 1970 to places on the axis.

    Args:
        busy: the times in which something ran.
        moments: of both clocks, in order.
        speed: lab seconds for each real second.
    """

    def __init__(
        self,
        busy: Iterable[tuple[float, float]],
        moments: Sequence[Moment],
        speed: float,
    ) -> None:
        blocks = _joined(sorted(busy))
        self.start, self.end = blocks[0][0], blocks[-1][1]
        ran = sum(end - start for start, end in blocks) or 0.001
        gaps = [
            (before[1], after[0], lab_pause(before[1], after[0], moments, speed))
            for before, after in pairwise(blocks)
        ]
        cut = [gap for gap in gaps if gap[1] - gap[0] > LONG * ran or gap[2] > LONG_LAB_S]
        labelled = sorted(cut, key=lambda gap: -gap[2])[:LABELS]
        room = (self.end - self.start) - sum(gap[1] - gap[0] for gap in cut) or 0.001
        room *= 1 + LEAST * len(cut)
        whole = room / (1 - WIDE * len(labelled) - (NARROW if len(cut) > LABELS else 0))
        real, place = [self.start], [0.0]
        self.waits: list[Wait] = []
        self.labelled: list[Wait] = []
        for gap in cut:
            begin = place[-1] + max(gap[0] - real[-1], LEAST * room)
            wide = WIDE if gap in labelled else NARROW / (len(cut) - len(labelled))
            wait = Wait(begin, begin + wide * whole, gap[2])
            self.waits.append(wait)
            if gap in labelled:
                self.labelled.append(wait)
            real += gap[:2]
            place += [wait.start, wait.end]
        real.append(self.end)
        place.append(place[-1] + max(self.end - real[-2], LEAST * room))
        self._real, self._place = np.array(real), np.array(place)
        self.length = max(place[-1], 0.001)

    def place(self, moments: Iterable[float]) -> npt.NDArray[np.float64]:
        """Places of moments, from 0 to `length`."""
        return np.asarray(np.interp(np.fromiter(moments, float), self._real, self._place))

    def ticks(self, about: int = 6) -> list[tuple[float, float]]:
        """Places, and the seconds since the start to write there; none lies in a wait."""
        step = _round(self.length / about)
        found: list[tuple[float, float]] = []
        parts = zip(self._real[::2], self._real[1::2], strict=True)
        for start, end in parts:
            number = np.ceil((start - self.start) / step - 1e-9)
            while (seconds := number * step) <= end - self.start + 1e-9:
                at = float(self.place([self.start + seconds])[0])
                if not found or at - found[-1][0] > 0.1 * self.length:
                    found.append((at, abs(round(float(seconds), 9))))
                number += 1
        return found


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    blocks = [spans[0]]
    for start, end in spans[1:]:
        if start <= blocks[-1][1]:
            blocks[-1] = blocks[-1][0], max(end, blocks[-1][1])
        else:
            blocks.append((start, end))
    return blocks


def lab_pause(start: float, end: float, moments: Sequence[Moment], speed: float) -> float:
    """Lab seconds of a pause: from the moment known nearest to its start to the first after it.

    Between two moments that are known lab time has run at the clock's speed.
    """
    before = bisect_right(moments, start + 1e-6, key=_real) - 1
    after = min(bisect_right(moments, end - 1e-6, key=_real), len(moments) - 1)
    if before < 0:
        return 0.0
    nearest = min(range(before, max(after, before + 1)), key=lambda n: abs(moments[n].real - start))
    passed = (moments[after].lab - moments[nearest].lab).total_seconds()
    return max(0.0, passed - (start - moments[nearest].real) * speed)


def _real(moment: Moment) -> float:
    return moment.real


def _round(seconds: float) -> float:
    """A step that is easy to read, not below this one."""
    size = 10.0 ** np.floor(np.log10(seconds))
    return float(next(size * each for each in (1, 2, 5, 10) if size * each >= seconds * 0.999))


def spoken(seconds: float) -> str:
    """A time in words: "40 s", "5 min", "3 h", "2 days"."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.9 * size or (unit == "min" and seconds >= 59.5):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1g} s"
