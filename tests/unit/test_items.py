"""Item analysis finds what is known to be wrong with the questions of generated classes."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from course import items as command
from course.cli import run_here
from quizzes.attempts import Attempt
from quizzes.exchange import write_file
from quizzes.items import Answered, Item, analyse, first_answers
from quizzes.loading import load_bank
from tests.unit.sample_quiz import write_bank

LEARNERS = 300
OPTIONS = {"a": True, "b": False, "c": False, "d": False}


def chance_of(ability: float, difficulty: float, slope: float = 1.7) -> float:
    """The share of right answers at an ability (the logistic model of item response theory)."""
    return 1 / (1 + math.exp(-slope * (ability - difficulty)))


def generated(seed: int = 1) -> list[dict[str, Answered]]:
    """A class in which each question's fault is known: its name says it."""
    luck = random.Random(seed)
    learners = []
    for _ in range(LEARNERS):
        ability = luck.gauss()
        answers = {f"sound-{n}": guessed(luck, chance_of(ability, n / 6 - 1)) for n in range(12)}
        answers["easy"] = guessed(luck, chance_of(ability, -6))
        answers["hard"] = guessed(luck, chance_of(ability, 2.5))
        answers["miskeyed"] = guessed(luck, chance_of(-ability, 0))
        answers["dead-c"] = guessed(luck, chance_of(ability, 0), wrong="bd")
        tempted = luck.random() < chance_of(ability, 0.8, 3)
        answers["tempts-b"] = taken("b") if tempted else guessed(luck, 0.8, wrong="cd")
        learners.append(answers)
    return learners


def guessed(luck: random.Random, right: float, wrong: str = "bcd") -> Answered:
    return taken("a" if luck.random() < right else luck.choice(wrong))


def taken(letter: str) -> Answered:
    return Answered((letter,), float(OPTIONS[letter]))


@pytest.fixture(scope="module")
def figures() -> dict[str, Item]:
    learners = generated()
    found = analyse(learners, dict.fromkeys(learners[0], OPTIONS))
    return {item.id: item for item in found}


def test_difficulty_is_the_share_of_right_answers(figures: dict[str, Item]) -> None:
    assert figures["easy"].difficulty > 0.95
    assert figures["hard"].difficulty < 0.25
    order = [figures[f"sound-{n}"].difficulty for n in range(12)]
    assert order[0] > 0.7 > order[6] > 0.4 > order[11]


def test_sound_questions_tell_strong_learners_from_weak_ones(figures: dict[str, Item]) -> None:
    for n in range(12):
        item = figures[f"sound-{n}"]
        assert item.discrimination is not None
        assert item.upper_lower is not None
        assert item.discrimination > 0.25
        assert item.upper_lower > 0.25


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("easy", "too easy"),
        ("hard", "too hard"),
        ("miskeyed", "negative discrimination"),
        ("dead-c", "nobody chooses c"),
        ("tempts-b", "strong learners choose b"),
    ],
)
def test_known_fault_is_flagged(figures: dict[str, Item], name: str, flag: str) -> None:
    assert flag in figures[name].flags


def test_sound_questions_are_not_flagged(figures: dict[str, Item]) -> None:
    assert [n for n in range(12) if figures[f"sound-{n}"].flags] == []
    assert figures["dead-c"].flags == ("nobody chooses c",)


def test_most_doubtful_questions_come_first(figures: dict[str, Item]) -> None:
    flagged = [bool(item.flags) for item in figures.values()]
    assert flagged == sorted(flagged, reverse=True)


def test_figures_are_those_of_a_class_worked_out_by_hand() -> None:
    # Others' mean scores 1, 1/2, 1/2, 0; q: 1, 1, 0, 0. r = 0.25 / (0.5 * 0.3536)
    learners = [
        {"q": taken("a"), "x": taken("a"), "y": taken("a")},
        {"q": taken("a"), "x": taken("a"), "y": taken("b")},
        {"q": taken("b"), "x": taken("b"), "y": taken("a")},
        {"q": taken("c"), "x": taken("b"), "y": taken("b")},
    ]
    item = next(each for each in analyse(learners, {"q": OPTIONS}, least=1) if each.id == "q")
    assert item.difficulty == 0.5
    assert item.discrimination == pytest.approx(math.sqrt(0.5))
    assert item.upper_lower == 1.0
    by_name = {option.name: option for option in item.options}
    assert [(by_name[letter].count, by_name[letter].rest) for letter in "abcd"] == [
        (2, 0.75),
        (1, 0.5),
        (1, 0.0),
        (0, None),
    ]
    assert item.flags == ("nobody chooses d",)


def test_few_answers_flag_nothing_and_all_the_same_break_nothing() -> None:
    learners = [{"q": taken("b"), "x": taken("a")}] * 5
    for item in analyse(learners, {"q": OPTIONS}):
        assert item.flags == ()
        assert item.discrimination is None
    assert analyse([], {}) == []
    (alone,) = analyse([{"q": taken("a")}], {})
    assert (alone.discrimination, alone.upper_lower) == (None, None)


# From logs


def attempt(n: int, item: str = "q", letter: str = "a", mode: str = "quiz") -> Attempt:
    at = (datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=n)).isoformat()
    score = float(letter == "a")
    outcome = "right" if score else "wrong"
    return Attempt(f"{n}-{item}", "quiz", item, [letter], outcome, score, at, mode, {}, at)


def letters(attempt: Attempt) -> tuple[str, ...]:
    return tuple(attempt.answer)


def test_first_answer_counts() -> None:
    log = [attempt(2, letter="a"), attempt(1, letter="b"), attempt(3, letter="c")]
    assert first_answers([log], letters) == [{"q": Answered(("b",), 0.0)}]


def test_modes_choose_the_answers_that_count() -> None:
    log = [attempt(1, letter="b"), attempt(2, letter="a", mode="exam")]
    assert first_answers([log], letters, ["exam"]) == [{"q": Answered(("a",), 1.0)}]


def test_two_exports_of_one_learner_are_one_learner() -> None:
    early, late = [attempt(1)], [attempt(1), attempt(2, "r")]
    stranger = [attempt(9)]
    assert len(first_answers([early, stranger, late], letters)) == 2


# The command


@pytest.fixture
def class_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    bank = load_bank(write_bank(tmp_path / "bank"))
    monkeypatch.setattr(command, "load_bank", lambda: bank)
    luck = random.Random(3)
    files = []
    for n in range(40):
        ability = luck.gauss()
        answers = {
            "sample-single": (["b"], 1.0)
            if luck.random() < chance_of(ability, 0)
            else (["a"], 0.0),
            "sample-multiple": (["a", "c"], 1.0) if ability > 0 else (["b"], 0.0),
            "sample-numeric": ("3", 1.0) if luck.random() < chance_of(ability, 1) else ("900", 0.0),
            "gone-from-the-bank": (["a"], 1.0),
        }
        log = [
            Attempt(
                f"{n}-{name}",
                "quiz",
                name,
                answer,
                "right" if score else "wrong",
                score,
                "2026-11-21T09:00:00+00:00",
                sequence="2026-11-21T09:00:00+00:00",
            )
            for name, (answer, score) in answers.items()
        ]
        files.append(str(tmp_path / f"{n}.json"))
        write_file(Path(files[-1]), log)
    return files


def test_command_prints_the_table_and_the_options_to_mend(
    class_files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here(["items", *class_files]) == 0
    told = capsys.readouterr().out
    assert told.startswith("3 questions, answered by 40 learners; 2 to look at.")
    assert "nobody chooses c" in told
    assert "gone-from-the-bank" not in told
    assert "discrimination" in told


def test_command_draws_a_figure(
    class_files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "items.png"
    assert run_here(["items", *class_files, "--figure", str(image)]) == 0
    assert image.read_bytes().startswith(b"\x89PNG")
    assert run_here(["items", class_files[0], "--figure", str(tmp_path / "no" / "x.png")]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_file_that_is_no_export_is_left_out_in_a_sentence(
    class_files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    assert run_here(["items", str(bad), *class_files]) == 0
    told = capsys.readouterr()
    assert "answered by 40 learners" in told.out
    assert (
        told.err
        == f"Left out: {bad} is not a progress file of this course; choose an exported one.\n"
    )
    assert run_here(["items", str(bad)]) == 1
    assert "There are no answers to questions in these files" in capsys.readouterr().err
