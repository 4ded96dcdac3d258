"""What an exam asks, how its time runs, and what its report says."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.outline import load_outline
from course.requirements import ROOT
from quizzes.exams import clock as clocks
from quizzes.exams import sitting as sittings
from quizzes.exams.blueprint import Blueprint, load_blueprint
from quizzes.exams.clock import Reading, SittingClock
from quizzes.exams.drawing import Candidate, Drawn, draw, shares
from quizzes.exams.report import Objective, Report, Worth
from quizzes.exams.sitting import End
from quizzes.loading import load_bank
from quizzes.source import BankError
from quizzes.store import Store

GOOD = """\
title: A small exam
questions: 6
minutes: 10
pass_mark: 70
weights:
  one: 2
  two: 1
"""
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def blueprint(tmp_path: Path, text: str = GOOD) -> Blueprint:
    path = tmp_path / "exam.yml"
    path.write_text(text, encoding="utf-8")
    return load_blueprint(path)


# The blueprint


def test_blueprint_is_read(tmp_path: Path) -> None:
    read = blueprint(tmp_path)
    assert (read.title, read.questions, read.minutes, read.pass_mark) == ("A small exam", 6, 10, 70)
    assert read.weights == {"one": 2, "two": 1}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("questions: 6", "questions: six", 2, "`questions` must be a whole number from 1 to 200."),
        ("questions: 6", "questions: 0", 2, "`questions` must be a whole number from 1 to 200."),
        ("minutes: 10", "minutes: 1e9", 3, "`minutes` must be a whole number from 1 to 600."),
        ("minutes: 10\n", "", 1, "`minutes` is missing; add it."),
        ("pass_mark: 70", "pass_mark: 101", 4, "`pass_mark` must be a whole number from 1 to 100."),
        ("title: A small exam", "title: []", 1, "`title` must be text."),
        ("one: 2", "one: heavy", 6, "The weight of `one` must be a number above 0."),
        ("two: 1", "two: -1", 7, "The weight of `two` must be a number above 0."),
        ("two: 1", "two: .inf", 7, "The weight of `two` must be a number above 0."),
        ("two: 1", "one: 1", 7, "`one` stands here a second time; keep one of them."),
        ("  one: 2\n  two: 1\n", "  - one\n", 5, "`weights` must name at least one lesson"),
        ("weights:", "wieghts:", 5, "There is no field `wieghts` here"),
        ("minutes: 10", "minutes: [10", 4, "This is not valid YAML"),
    ],
)
def test_mistake_in_a_blueprint_is_named_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    with pytest.raises(BankError) as caught:
        blueprint(tmp_path, GOOD.replace(old, new, 1))
    told = str(caught.value).splitlines()
    assert any(f"exam.yml, line {line}: {words}" in each for each in told), told


@pytest.mark.parametrize("content", [b"", b"- a list", b"\xff\xfe"])
def test_file_that_is_no_blueprint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "exam.yml"
    path.write_bytes(content)
    with pytest.raises(BankError, match=r"exam\.yml, line 1"):
        load_blueprint(path)


def test_the_blueprint_weighs_every_lesson_of_the_outline_and_nothing_else() -> None:
    lessons = load_outline().lessons
    names = {lesson.id for lesson in lessons}
    known = names | {each.id for lesson in lessons for each in lesson.objectives}
    read = load_blueprint()
    assert read.strangers(known) == []
    assert names <= read.weights.keys()


def test_weight_of_something_unknown_is_named_with_its_line(tmp_path: Path) -> None:
    (problem,) = blueprint(tmp_path).strangers({"one"})
    assert str(problem).startswith(f"{tmp_path / 'exam.yml'}, line 7: `two` is no lesson")


def test_each_lesson_with_questions_has_enough_for_its_share() -> None:
    plan, bank = load_blueprint(), load_bank()
    total = sum(plan.weights.values())
    short = {
        name: len(quiz.every())
        for name, quiz in bank.quizzes.items()
        if name in plan.weights and len(quiz.every()) < plan.questions * plan.weights[name] / total
    }
    assert short == {}
    assert bank.quizzes.keys() <= plan.weights.keys()


# The drawing


def pool(**sizes: int) -> list[Candidate]:
    return [
        Candidate(f"{lesson}-{n}", lesson, f"{lesson}-objective-{n % 3}")
        for lesson, size in sizes.items()
        for n in range(size)
    ]


def lessons_of(drawn: list[Drawn]) -> Counter[str]:
    return Counter(each.id.partition("-")[0] for each in drawn)


def test_drawing_follows_the_weights(tmp_path: Path) -> None:
    drawn = draw(blueprint(tmp_path), pool(one=20, two=20, other=20), seed=1, count=6)
    assert lessons_of(drawn) == {"one": 4, "two": 2}
    assert len({each.id for each in drawn}) == 6


def test_same_seed_draws_the_same_and_another_something_else(tmp_path: Path) -> None:
    plan, questions = blueprint(tmp_path), pool(one=20, two=20)
    first = draw(plan, questions, seed=1, count=6)
    assert draw(plan, questions, seed=1, count=6) == first
    assert draw(plan, questions, seed=2, count=6) != first
    assert len({each.seed for each in first}) == 6


def test_each_objective_has_its_turn(tmp_path: Path) -> None:
    drawn = draw(blueprint(tmp_path), pool(one=30), seed=3, count=6)
    turns = Counter(int(each.id.partition("-")[2]) % 3 for each in drawn)
    assert set(turns.values()) == {2}


def test_objective_with_a_weight_of_its_own_leaves_its_lesson(tmp_path: Path) -> None:
    plan = blueprint(tmp_path, GOOD.replace("two: 1", "one-objective-0: 1"))
    drawn = draw(plan, pool(one=30), seed=1, count=6)
    own = [each for each in drawn if int(each.id.partition("-")[2]) % 3 == 0]
    assert len(own) == 2


def test_questions_kept_for_the_exam_are_drawn_first(tmp_path: Path) -> None:
    later = [Candidate(f"one-{n}", "one", "o", first=False) for n in range(20)]
    first = [Candidate(f"one-{n}", "one", "o") for n in range(20, 24)]
    drawn = draw(blueprint(tmp_path), later + first, seed=1, count=6)
    assert {"one-20", "one-21", "one-22", "one-23"} < {each.id for each in drawn}


def test_too_small_a_bank_gives_all_it_has(tmp_path: Path) -> None:
    drawn = draw(blueprint(tmp_path), pool(one=1, two=2), seed=1, count=6)
    assert lessons_of(drawn) == {"one": 1, "two": 2}
    assert draw(blueprint(tmp_path), [], seed=1, count=6) == []


def test_what_a_small_lesson_cannot_give_others_do(tmp_path: Path) -> None:
    drawn = draw(blueprint(tmp_path), pool(one=1, two=20), seed=1, count=6)
    assert lessons_of(drawn) == {"one": 1, "two": 5}


@given(
    weights=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    sizes=st.lists(st.integers(0, 20), min_size=8, max_size=8),
    count=st.integers(0, 120),
)
def test_shares_add_up_and_none_is_larger_than_its_part(
    weights: list[int], sizes: list[int], count: int
) -> None:
    by_name = {str(n): Decimal(weight) for n, weight in enumerate(weights)}
    room = {name: sizes[int(name)] for name in by_name}
    found = shares(by_name, room, count)
    assert sum(found.values()) == min(count, sum(room.values()))
    assert all(0 <= share <= room[name] for name, share in found.items())


# The clock


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reading]:
    """A computer whose clocks show what the test says."""

    def shows(utc: datetime, ticks: float, boot: str = "boot-1") -> Reading:
        monkeypatch.setattr(clocks, "read_clocks", lambda: Reading(utc, boot, ticks))
        return Reading(utc, boot, ticks)

    return shows


def test_clock_put_back_gives_no_time(computer: Callable[..., Reading]) -> None:
    start = computer(NOON, 100.0)
    clock = SittingClock(start)
    computer(NOON - timedelta(hours=3), 400.0)
    assert clock.now() == NOON + timedelta(seconds=300)


def test_clock_put_forward_takes_none_where_the_system_counts(
    computer: Callable[..., Reading],
) -> None:
    start = computer(NOON, 100.0)
    clock = SittingClock(start)
    computer(NOON + timedelta(hours=3), 400.0)
    assert clock.now() == NOON + timedelta(seconds=300)


def test_next_kernel_counts_on_while_the_clock_was_put_back(
    computer: Callable[..., Reading],
) -> None:
    start = computer(NOON, 100.0)
    computer(NOON - timedelta(hours=3), 1300.0)
    assert SittingClock(start).now() == NOON + timedelta(minutes=20)


@pytest.mark.parametrize("boot", ["", "boot-2"])
def test_where_nothing_counts_on_time_never_goes_back(
    computer: Callable[..., Reading], boot: str
) -> None:
    start = computer(NOON, 100.0, "" if not boot else "boot-1")
    seen = NOON + timedelta(minutes=12)  # an answer was saved then
    computer(NOON - timedelta(hours=3), 5.0, boot)
    clock = SittingClock(start, seen)
    assert clock.now() == seen
    computer(NOON - timedelta(hours=3) + timedelta(seconds=60), 65.0, boot)
    assert clock.now() == seen + timedelta(seconds=60)
    computer(NOON - timedelta(hours=9), 125.0, boot)
    assert clock.now() == seen + timedelta(seconds=120)
    computer(NOON + timedelta(hours=1), 185.0, boot)
    assert clock.now() == NOON + timedelta(hours=1)


def test_real_clocks_agree() -> None:
    start = clocks.read_clocks()
    assert abs(SittingClock(start).now() - datetime.now(UTC)) < timedelta(seconds=5)


# The sitting in the log


def began(log: Store, minutes: int | None = 10) -> sittings.Sitting:
    return sittings.begin(
        log,
        mode="exam",
        title="A small exam",
        seed=7,
        questions=[Drawn("q1", 11), Drawn("q2", 12)],
        pass_mark=70,
        minutes=minutes,
    )


def answered(log: Store, sitting: sittings.Sitting, n: int, kept: list[str], outcome: str) -> None:
    drawn = sitting.questions[n]
    details = {"seed": drawn.seed, "exam": sitting.id}
    log.record(
        "quiz", drawn.id, kept, outcome, float(outcome == "right"), mode="exam", details=details
    )


def test_sitting_comes_back_from_the_log_as_it_was(tmp_path: Path) -> None:
    place = str(tmp_path / "progress.db")
    log = Store(place)
    sitting = began(log)
    answered(log, sitting, 0, ["a"], "wrong")
    answered(log, sitting, 0, ["b"], "right")
    (kept,) = sittings.sittings(Store(place), "exam")
    assert kept.sitting == sitting
    assert kept.sitting.ends == sitting.start.utc + timedelta(minutes=10)
    assert {name: each.answer for name, each in kept.answers.items()} == {"q1": ["b"]}
    assert kept.end is None
    assert kept.answers["q1"].seed == 11


def test_answers_of_another_sitting_or_of_the_checkpoint_are_not_taken(tmp_path: Path) -> None:
    log = Store(str(tmp_path / "progress.db"))
    first, second = began(log), began(log)
    answered(log, first, 0, ["a"], "right")
    log.record("quiz", "q2", ["b"], "right", 1.0)
    assert [set(kept.answers) for kept in sittings.sittings(log, "exam")] == [{"q1"}, set()]
    assert second.id != first.id
    assert sittings.sittings(log, "practice") == []


def test_end_is_read_and_the_first_one_counts(tmp_path: Path) -> None:
    log = Store(str(tmp_path / "progress.db"))
    sitting = began(log)
    assert not sittings.is_finished(log, sitting)
    sittings.finish(log, sitting, End(NOON, by_time=True, score=0.5))
    sittings.finish(log, sitting, End(NOON + timedelta(hours=1), by_time=False, score=1.0))
    assert sittings.is_finished(log, sitting)
    assert sittings.sittings(log, "exam")[0].end == End(NOON, by_time=True, score=0.5)


@pytest.mark.parametrize(
    "facts", [None, "text", {}, {"start": "never"}, {"start": [1, 2, 3], "questions": 5}]
)
def test_entry_that_is_no_sitting_is_passed_over(tmp_path: Path, facts: object) -> None:
    log = Store(str(tmp_path / "progress.db"))
    log.record(sittings.SITTING, "strange", facts, sittings.BEGUN, 0.0, mode="exam")
    log.record(sittings.SITTING, "strange", facts, sittings.FINISHED, 0.0, mode="exam")
    sitting = began(log)
    assert [kept.sitting for kept in sittings.sittings(log, "exam")] == [sitting]


KILLED = """
import os, signal, sys
from quizzes.exams import sitting
from quizzes.exams.drawing import Drawn
from quizzes.store import Store
log = Store(sys.argv[1])
now = sitting.begin(log, mode="exam", title="t", seed=7, questions=[Drawn("q1", 1), Drawn("q2", 2)],
                    pass_mark=70, minutes=10)
log.record("quiz", "q2", ["c"], "right", 1.0, mode="exam", details={"exam": now.id})
print(now.start.utc.isoformat(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_sitting_goes_on_after_its_kernel_was_killed(tmp_path: Path) -> None:
    place = str(tmp_path / "progress.db")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, place],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -9, killed.stderr
    (kept,) = sittings.sittings(Store(place), "exam")
    started = datetime.fromisoformat(killed.stdout.strip())
    assert kept.sitting.ends == started + timedelta(minutes=10)
    assert {name: each.answer for name, each in kept.answers.items()} == {"q2": ["c"]}
    passed = kept.clock().now() - started
    assert timedelta(0) < passed < timedelta(minutes=2)


# The report

FIRST = Objective(
    "a", "an <objective>", "02", "Your first function", "02-your-first-function.ipynb"
)
SECOND = Objective("b", "do that", "02", "Your first function", "02-your-first-function.ipynb")
THIRD = Objective("c", "do more", "14", "Pricing & more")


def report(*asked: tuple[Objective, float], pass_mark: int = 70) -> Report:
    outcomes = {0.0: "wrong", 1.0: "right"}
    those = [Worth(objective, outcomes.get(score, "partly"), score) for objective, score in asked]
    return Report("A small exam", those, pass_mark)


def test_report_adds_points_by_objective_and_names_lessons_to_read_again() -> None:
    made = report((THIRD, 0.0), (FIRST, 1.0), (SECOND, 0.5), (THIRD, 0.25), (FIRST, 1.0))
    assert [(part.objective.id, part.asked, part.points) for part in made.parts()] == [
        ("a", 2, 2.0),
        ("b", 1, 0.5),
        ("c", 2, 0.25),
    ]
    assert [each[0] for each in made.to_read_again()] == ["14", "02"]
    assert "Not passed: 55 percent (2.75 of 5 points); 70 percent are needed." in repr(made)
    html = made._repr_html_()
    assert "an &lt;objective&gt;" in html
    assert "Pricing &amp; more" in html
    assert '<a href="02-your-first-function.ipynb">02 Your first function</a>' in html


def test_pass_mark_is_met_exactly_and_nothing_is_rounded_up() -> None:
    assert report((FIRST, 1.0), (FIRST, 1.0), (FIRST, 1.0), (FIRST, 0.0), pass_mark=75).passed
    thirds = [(FIRST, 1 / 3)] * 3
    assert report(*thirds, pass_mark=34).percent == 33
    almost = report((FIRST, 0.699), pass_mark=70)
    assert (almost.percent, almost.passed) == (69, False)
    assert report(*[(FIRST, 0.7)] * 10).passed, "whatever adding fractions does"


def test_all_right_leaves_nothing_to_read_again() -> None:
    made = report((FIRST, 1.0))
    assert made.to_read_again() == []
    assert "Read again" not in repr(made) + made.html()


def test_report_of_nothing_is_not_passed() -> None:
    assert not report().passed
    assert "0 of 0 answered" in repr(report())
