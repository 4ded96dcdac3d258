"""Every kind of question judges, keeps, shows and tells its answers in the same ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quizzes.kinds.predict import lines_of
from quizzes.loading import Bank, check_facts, load_bank
from quizzes.model import Question
from tests.unit.sample_kinds import INTERVIEW, KINDS
from tests.unit.sample_quiz import write_bank
from tests.unit.test_quiz_grading import NONSENSE

SECRETS = ("REASON", "OTHERWISE", "MISTAKE", "HINT", "MODEL", "POINT")
SEEDS = range(8)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = write_bank(tmp_path_factory.mktemp("bank"), KINDS, "09-kinds.yml")
    write_bank(folder, INTERVIEW, "interview.yml")
    check_facts(folder)
    return load_bank(folder)


def right_and_others(question: Question) -> list[Any]:
    """The right answer, and other answers of its form."""
    return [question.right_answer(), "a", ["b"], "1a", ["x"], 1, "x", {"1": "a"}]


# What is judged


@pytest.mark.parametrize(
    ("question", "answer", "outcome", "score"),
    [
        ("kinds-text", "reservedconcurrentexecutions", "right", 1),
        ("kinds-text", ' `"Reserved   concurrency"` ', "right", 1),
        ("kinds-text", "“reserved concurrency”", "right", 1),
        ("kinds-text", "Timeout", "wrong", 0),
        ("kinds-text", "  ''  ", "not attempted", 0),
        ("kinds-ordering", "b, a, d, c", "right", 1),
        ("kinds-ordering", ["b", "a", "d", "c"], "right", 1),
        ("kinds-ordering", "badc", "right", 1),
        ("kinds-ordering", "b > a > c > d", "partly", 2 / 3),
        ("kinds-ordering", "cdab", "wrong", 0),
        ("kinds-ordering", "bad", "not attempted", 0),
        ("kinds-ordering", "badcc", "not attempted", 0),
        ("kinds-ordering", "bade", "not attempted", 0),
        ("kinds-matching", "1a, 2c, 3a", "right", 1),
        ("kinds-matching", "1=A 2=C 3=A", "right", 1),
        ("kinds-matching", {"1": "a", "2": "c", "3": "a"}, "right", 1),
        ("kinds-matching", {1: "a", 2: "c", 3: "a"}, "right", 1),
        ("kinds-matching", ["a", "c", "a"], "right", 1),
        ("kinds-matching", ["1a", "2c", "3a"], "right", 1),
        ("kinds-matching", "1a 2b", "partly", 1 / 3),
        ("kinds-matching", "1c 2a 3c", "wrong", 0),
        ("kinds-matching", "1a 1b", "not attempted", 0),
        ("kinds-matching", "4a", "not attempted", 0),
        ("kinds-matching", "1z", "not attempted", 0),
        ("kinds-matching", "a, c", "not attempted", 0),
        ("kinds-gaps", ["AWS::Serverless::Function", "900"], "right", 1),
        ("kinds-gaps", {"1": '"AWS::Serverless::Function"', 2: 900}, "right", 1),
        ("kinds-gaps", "AWS::Serverless::Function, 900", "right", 1),
        ("kinds-gaps", ["aws::serverless::function", "900"], "partly", 0.5),
        ("kinds-gaps", ["", "900"], "partly", 0.5),
        ("kinds-gaps", ["x", "3"], "wrong", 0),
        ("kinds-gaps", ["", None], "not attempted", 0),
        ("kinds-gaps", ["x", "y", "z"], "not attempted", 0),
        ("kinds-gaps", {"3": "x"}, "not attempted", 0),
        ("kinds-typed", "a\n12", "right", 1),
        ("kinds-typed", "\na  \r\n12\n\n", "right", 1),
        ("kinds-typed", "a\n 12", "wrong", 0),
        ("kinds-typed", "a6", "wrong", 0),
        ("kinds-typed", " \n", "not attempted", 0),
        ("kinds-chosen", "a", "right", 1),
        ("kinds-chosen", ["c"], "wrong", 0),
        ("kinds-cost", "512", "right", 1),
        ("kinds-cost", "$516", "right", 1),
        ("kinds-cost", "518", "wrong", 0),
        ("interview-cold", 4, "right", 1),
        ("interview-cold", "3", "partly", 2 / 3),
        ("interview-cold", 1, "wrong", 0),
        ("interview-cold", 5, "not attempted", 0),
    ],
)
def test_answer_is_judged_as_its_instruction_says(
    bank: Bank, question: str, answer: object, outcome: str, score: float
) -> None:
    grade = bank[question].grade(answer)
    assert (grade.outcome, grade.score) == (outcome, pytest.approx(score))
    assert grade.feedback.endswith((".", "!"))


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("kinds-text", "timeout", "MISTAKE-TEXT"),
        ("kinds-typed", "a6", "MISTAKE-TYPED"),
        ("kinds-cost", 512_000_000, "MISTAKE-COST"),
        ("kinds-gaps", ["aws::serverless::function", "3"], "upper and lower case count here"),
        ("kinds-gaps", ["x", "900"], "**2** holds: REASON-G2."),
        ("kinds-matching", "1a 2b", "**3** is still open."),
        ("kinds-ordering", "b a c d", "3 of 4 in sequence"),
    ],
)
def test_a_common_mistake_is_answered_by_its_own_words(
    bank: Bank, question: str, answer: object, words: str
) -> None:
    assert words in bank[question].grade(answer).feedback


def test_feedback_on_a_wrong_part_does_not_tell_the_right_one(bank: Bank) -> None:
    assert "REASON-M2" not in bank["kinds-matching"].grade("1a 2b 3a").feedback
    assert "REASON-G1" not in bank["kinds-gaps"].grade(["x", "900"]).feedback
    for name, answer in [("kinds-text", "x"), ("kinds-typed", "x"), ("kinds-ordering", "abcd")]:
        assert "REASON" not in bank[name].grade(answer).feedback


@pytest.mark.parametrize("seed", SEEDS)
def test_right_answer_of_every_instance_is_right_and_stays_so_when_saved(
    bank: Bank, seed: int
) -> None:
    for question in bank.values():
        one = question.instance(seed)
        answer = one.right_answer()
        if answer is None:
            continue
        grade = one.grade(answer)
        assert (grade.outcome, grade.score) == ("right", 1.0)
        kept = json.loads(json.dumps(one.kept(answer)))
        assert one.again(kept, "right", 1.0) == grade
        assert one.kept(kept) == kept


# Whatever is typed

ANSWERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["a", "b", "1a", "2b", "900", "a\n12", "1", 10**4000, "a" * 20_000]),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.sampled_from(["1", "2"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=ANSWERS, seed=st.integers(0, 5))
def test_fuzzed_answers_never_raise(bank: Bank, answer: object, seed: int) -> None:
    for question in bank.values():
        one = question.instance(seed)
        grade = one.grade(answer)
        assert grade.outcome in {"right", "partly", "wrong", "not attempted"}
        assert 0 <= grade.score <= 1
        assert (grade.outcome == "right") == (grade.score == 1)
        if grade.outcome != "not attempted":
            kept = json.loads(json.dumps(one.kept(answer)))
            assert one.again(kept, grade.outcome, grade.score).outcome == grade.outcome
            one.original(kept)


@pytest.mark.parametrize("answer", NONSENSE, ids=lambda answer: repr(type(answer)))
def test_nonsense_is_answered_in_a_sentence(bank: Bank, answer: object) -> None:
    for question in bank.values():
        grade = question.grade(answer)
        assert grade.outcome in {"not attempted", "wrong"}
        assert grade.feedback.endswith((".", "!"))


# What is shown


@pytest.mark.parametrize("seed", SEEDS)
def test_page_and_text_learn_nothing_of_the_answer(bank: Bank, seed: int) -> None:
    for question in bank.values():
        one = question.instance(seed)
        for shown in (json.dumps(one.shown()), one.body(), str(one.rows()), one.instruction()):
            assert not any(secret in shown for secret in SECRETS)
        assert question.check not in json.dumps(one.shown()) if question.kind == "lab" else True


def test_hints_and_exhibits_have_their_facts_filled_in(bank: Bank) -> None:
    assert bank["kinds-single"].instance().hints[0] == "HINT-1 about 3 seconds."
    assert bank["kinds-single"].shown()["hints"] == 3
    assert "&lt;b&gt;not bold" in bank["kinds-single"].shown()["exhibit"]
    assert "<b>not bold" in bank["kinds-single"].body()


def test_figure_is_drawn_described_and_told_in_numbers(bank: Bank) -> None:
    drawn = bank["kinds-exam"].shown()["exhibit"]
    assert 'role="img" aria-label="The duration halves' in drawn
    assert "256" in drawn
    assert "The duration halves" in bank["kinds-exam"].body()
    assert "256                   450" in bank["kinds-exam"].body()


def test_order_is_mixed_the_same_way_for_everybody_or_by_seed(bank: Bank) -> None:
    fixed, shuffled = bank["kinds-ordering"], bank["kinds-single"]
    assert len({str(fixed.instance(seed).rows()) for seed in SEEDS}) == 1
    assert len({str(shuffled.instance(seed).rows()) for seed in SEEDS}) > 1
    assert [text for _, text in fixed.rows()] != ["one", "two", "three", "four"]
    assert [label for label, _ in shuffled.instance(3).rows()] == ["a", "b", "c"]


@pytest.mark.parametrize("seed", SEEDS)
def test_letters_of_a_saved_answer_can_be_told_in_the_banks_order(bank: Bank, seed: int) -> None:
    single, ordering = bank["kinds-single"].instance(seed), bank["kinds-ordering"].instance(seed)
    assert single.original(single.right_answer()) == ["a"]
    assert ordering.original(ordering.right_answer()) == ["a", "b", "c", "d"]


def test_an_instance_is_the_same_with_every_python(bank: Bank) -> None:
    cost = bank["kinds-cost"]
    assert [str(cost.instance(seed).value()) for seed in range(3)] == ["512", "1920", "1536"]


def test_new_numbers_are_new(bank: Bank) -> None:
    typed = bank["kinds-typed"]
    seed = 0
    for _ in range(10):
        following = typed.fresh(seed)
        assert following > seed
        assert typed.instance(following).code != typed.instance(seed).code
        seed = following
    assert bank["kinds-text"].fresh(4) == 4


def test_an_instance_gives_itself_and_the_others(bank: Bank) -> None:
    one = bank["kinds-typed"].instance(2)
    assert one.instance() is one
    assert one.instance(2) is one
    assert one.instance(0).seed == 0
    assert one.instance(0) == bank["kinds-typed"].instance(0)


def test_solution_tells_the_answer_and_its_reason(bank: Bank) -> None:
    words = {
        "kinds-single": "first",
        "kinds-cost": "**512 US dollars.** REASON-COST is $512.00.",
        "kinds-text": "`ReservedConcurrentExecutions`. REASON-TEXT.",
        "kinds-ordering": "1. **b** one",
        "kinds-matching": "**2c** SQS: is polled",
        "kinds-gaps": "Type: AWS::Serverless::Function",
        "kinds-typed": "a\n12\n",
        "kinds-chosen": "`1` 2",
        "kinds-lab": "REASON-LAB.",
        "interview-cold": "- POINT-2",
    }
    for name, word in words.items():
        assert word in bank[name].solution()


def test_examples_are_answers_that_can_be_judged(bank: Bank) -> None:
    for question in bank.values():
        if question.kind != "lab":
            example = eval(question.example())
            assert question.grade(example).outcome in {"right", "partly", "wrong"}


def test_questions_of_exam_and_interview_are_in_the_bank_but_not_in_the_checkpoint(
    bank: Bank,
) -> None:
    quiz = bank.quizzes["kinds"]
    assert "kinds-exam" not in {question.id for question in quiz.questions}
    assert bank.home("kinds-exam") is quiz
    assert bank.home("interview-cold") is None
    assert bank["interview-cold"].kind == "open"


def test_a_planned_lesson_has_an_exam_and_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quizzes import loading, quiz

    text = KINDS[: KINDS.index("questions:")] + KINDS[KINDS.index("exam:") :]
    folder = write_bank(tmp_path, text, "09-kinds.yml")
    assert load_bank(folder).quizzes["kinds"].planned
    monkeypatch.setattr(quiz, "load_quiz", lambda name: loading.load_quiz(name, folder))
    with pytest.raises(KeyError) as caught:
        quiz.checkpoint("kinds")
    assert str(caught.value) == "The lesson “All kinds” is planned; its checkpoint comes with it."


def test_outputs_are_compared_line_by_line() -> None:
    assert lines_of("\n a \n\nb  \n \n") == [" a", "", "b"]
