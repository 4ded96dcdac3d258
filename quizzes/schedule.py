"""When a question should come back: spaced repetition, worked out anew from the log of attempts.

There is no other state than the log: every answer to a question is replayed, in the order of the
log, through the FSRS scheduler of the package `fsrs` (https://github.com/open-spaced-repetition).
A wrong answer brings the question back in ten minutes, right ones after days, then weeks, then
months: as long as nine in ten are expected to be remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fsrs import Card, Rating, Scheduler

from quizzes.attempts import Attempt

SOON = timedelta(minutes=10)
LONGEST_DAYS = 365
SKEW = timedelta(days=1)

# Without fuzz, so that the same log gives the same times on every computer.
_scheduler = Scheduler(
    learning_steps=(SOON,),
    relearning_steps=(SOON,),
    maximum_interval=LONGEST_DAYS,
    enable_fuzzing=False,
)


@dataclass(frozen=True, slots=True)
class Recall:
    """What is known of one question from its answers.

    `due` is when it should be asked again, `last` the latest answer, `answers` how many there are,
    `seed` the largest one its numbers were drawn with.
    """

    item_id: str
    due: datetime
    last: Attempt
    answers: int
    seed: int
    _card: Card

    @property
    def shaky(self) -> bool:
        """Whether the latest answer was not right."""
        return self.last.outcome != "right"

    def remembered(self, now: datetime) -> float:
        """Give the probability, from 0 to 1, that it would be answered right now."""
        return float(_scheduler.get_card_retrievability(self._card, now))


def recalls(log: Iterable[Attempt], now: datetime) -> list[Recall]:
    """Give what is known of every question answered in `log` (in its order), the soonest due first.

    An answer that was given while the computer's clock had been put back counts as given just
    after the one before it. Where the latest answer lies in the future, by more than a day, the
    clock was wrong then, and the question is due now.
    """
    answers: dict[str, list[Attempt]] = {}
    for attempt in log:
        if attempt.kind == "quiz":
            answers.setdefault(attempt.item_id, []).append(attempt)
    found = [_recall(each, now) for each in answers.values()]
    return sorted(found, key=lambda each: (each.due, each.item_id))


def intervals(*outcomes: str) -> list[timedelta]:
    """Give how long a question stays away after each of these answers, each given when it is due.

    `outcomes` are "right", "partly" and "wrong", first to last.
    """
    moment, log, stays = datetime(2026, 1, 1, tzinfo=UTC), [], []
    for outcome in outcomes:
        at = moment.isoformat(timespec="microseconds")
        score = {"right": 1.0, "partly": 0.5}.get(outcome, 0.0)
        log.append(Attempt(at, "quiz", "example", None, outcome, score, at))
        due = _recall(log, moment).due
        stays.append(due - moment)
        moment = due
    return stays


def rating(attempt: Attempt) -> Rating:
    """Rate an answer as FSRS does: again, hard (partly right, or with hints) or good."""
    if attempt.outcome == "right":
        return Rating.Hard if attempt.hints else Rating.Good
    return Rating.Hard if attempt.outcome == "partly" and attempt.score >= 0.5 else Rating.Again


def _recall(answers: list[Attempt], now: datetime) -> Recall:
    card = Card(card_id=0)
    for attempt in answers:
        moment = attempt.moment().astimezone(UTC)
        if card.last_review is not None:
            card.last_review = min(card.last_review, moment)
        card, _ = _scheduler.review_card(card, rating(attempt), moment)
    last = answers[-1]
    due = now if last.moment() > now + SKEW else card.due
    return Recall(last.item_id, due, last, len(answers), max(each.seed for each in answers), card)
