"""Questions and answers come out in other systems' formats whole, or are named as left out."""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from quizzes import load_bank, store
from quizzes.__main__ import main
from quizzes.attempts import Attempt
from quizzes.interchange import Written, jupyterquiz, moodle, xapi
from quizzes.loading import Bank
from tests.unit.sample_kinds import INTERVIEW, KINDS
from tests.unit.sample_quiz import write_bank

BANKS = ["sample", "course"]
NASTY = 'a}b#c~d/e\\\\f & <g> \\"h\\" *'


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    text = KINDS.replace('["AWS::Serverless::Function"]', f'["AWS::Function", "{NASTY}"]')
    folder = write_bank(tmp_path_factory.mktemp("bank"), text, "09-kinds.yml")
    return load_bank(write_bank(folder, INTERVIEW, "interview.yml"))


@pytest.fixture(params=BANKS)
def bank(request: pytest.FixtureRequest, sample: Bank) -> Bank:
    return sample if request.param == "sample" else load_bank()


# Moodle XML

FRACTIONS = [
    *(100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20, 16.66667),
    *(14.28571, 12.5, 11.11111, 10, 5, 0),
]


def as_moodle(bank: Bank) -> tuple[dict[str, ET.Element], Written]:
    written = moodle.export(bank.quizzes.values(), bank.interview)
    root = ET.fromstring(written.text.encode())
    assert root.tag == "quiz"
    questions = [each for each in root if each.get("type") != "category"]
    named = {each.findtext("idnumber", ""): each for each in questions}
    assert len(named) == len(questions) == written.questions
    return named, written


def test_moodle_gets_every_question_or_its_name(bank: Bank) -> None:
    named, written = as_moodle(bank)
    out = {name for name, _ in written.left_out}
    for question in bank.values():
        variants = {name for name in named if re.fullmatch(rf"{question.id}(-\d)?", name)}
        assert variants or any(name.startswith(question.id) for name in out)
        if question.parameters and variants:
            texts = {html_of(named[name], "questiontext") for name in variants}
            assert len(texts) == len(variants) > 1


def html_of(question: ET.Element, name: str) -> str:
    return question.findtext(f"{name}/text") or ""


def test_moodle_questions_keep_moodles_rules(bank: Bank) -> None:
    named, _ = as_moodle(bank)
    for question in named.values():
        kind = question.get("type")
        assert kind in {
            *("multichoice", "numerical", "shortanswer", "matching", "cloze", "ordering", "essay"),
        }
        assert html_of(question, "name")
        assert html_of(question, "questiontext")
        answers = question.findall("answer")
        worth = [float(each.get("fraction", "0")) for each in answers]
        if kind in {"multichoice", "shortanswer", "numerical"}:
            assert all(min(abs(abs(one) - each) for each in FRACTIONS) < 0.00001 for one in worth)
            assert max(worth) > 0
        if kind == "multichoice" and question.findtext("single") == "false":
            assert sum(one for one in worth if one > 0) == pytest.approx(100, abs=0.0001)
        if kind == "numerical":
            values = [each.findtext("text") for each in answers]
            assert values[-1] == "*"
            assert all(float(value or "x") is not None for value in values[:-1])
        if kind == "ordering":
            assert worth == list(range(1, len(answers) + 1))
        if kind == "matching":
            assert len(question.findall("subquestion")) >= 2


def test_moodle_marks_the_right_answers_right(sample: Bank) -> None:
    named, _ = as_moodle(sample)
    assert [each.get("fraction") for each in named["kinds-exam"].findall("answer")] == [
        "100",
        "-100",
    ]
    short = named["kinds-text"].findall("answer")
    assert [(each.findtext("text"), each.get("fraction")) for each in short] == [
        ("ReservedConcurrentExecutions", "100"),
        ("reserved concurrency", "100"),
        ("timeout", "0"),
        ("*", "0"),
    ]
    cost = named["kinds-cost-1"].findall("answer")
    assert [each.findtext("tolerance") for each in cost] == ["5.12", "0", "0"]
    items = [each.findtext("text") for each in named["kinds-ordering"].findall("answer")]
    assert items == [f"<p>{word}</p>" for word in ("one", "two", "three", "four")]
    pairs = named["kinds-matching"].findall("subquestion")
    assert [(each.findtext("text"), each.findtext("answer/text")) for each in pairs] == [
        ("<p>S3</p>", "pushes"),
        ("<p>SQS</p>", "is polled"),
        ("<p>SNS</p>", "pushes"),
        ("", "does neither"),
    ]
    assert [html_of(each, ".") for each in named["kinds-single"].findall("hint")]


def test_moodles_gaps_are_read_back_as_they_were(sample: Bank) -> None:
    text = html_of(as_moodle(sample)[0]["kinds-gaps"], "questiontext")
    found = re.findall(r"\{1:(\w+):((?:\\.|[^}\\])*)\}", text)
    assert [kind for kind, _ in found] == ["SHORTANSWER_C", "MULTICHOICE"]
    read = [
        [
            html.unescape(re.sub(r"\\(.)", r"\1", re.split(r"(?<!\\)#", each)[0]))
            for each in re.split(r"(?<!\\)~", body)
        ]
        for _, body in found
    ]
    nasty = r'a}b#c~d/e\f & <g> "h" *'.replace("*", r"\*")
    assert read == [["=AWS::Function", f"={nasty}", "*"], ["3", "=900", "1000"]]
    assert "# &lt;i&gt;" in text


def test_what_moodle_has_no_form_for_is_named(sample: Bank) -> None:
    assert dict(as_moodle(sample)[1].left_out).keys() == {
        "kinds-lab",
        *(f"kinds-typed-{n}" for n in range(1, 6)),
    }


# jupyterquiz


def test_jupyterquiz_questions_keep_its_schema(bank: Bank) -> None:
    written = jupyterquiz.export(bank.quizzes.values(), bank.interview)
    questions = json.loads(written.text)
    assert len(questions) == written.questions > 0
    for question in questions:
        assert question.keys() == {"question", "type", "answers"}
        assert isinstance(question["question"], str)
        *answers, last = question["answers"]
        if question["type"] in {"numeric", "string"}:
            assert last.keys() == {"type", "feedback"}
            assert last["type"] == "default"
        else:
            assert question["type"] in {"multiple_choice", "many_choice"}
            answers.append(last)
        assert any(answer["correct"] for answer in answers)
        for answer in answers:
            kind = question["type"]
            value = {"numeric": ("value", "range"), "string": ("answer",)}.get(kind, ("answer",))
            assert sum(name in answer for name in value) == 1
            assert answer.keys() <= {*value, "type", "correct", "feedback", "match_case"}
            assert isinstance(answer["correct"], bool)
            if "range" in answer:
                assert answer["range"][0] < answer["range"][1]


def test_what_jupyterquiz_has_no_form_for_is_named(sample: Bank) -> None:
    written = jupyterquiz.export(sample.quizzes.values(), sample.interview)
    reasons = dict(written.left_out)
    assert reasons["kinds-lab"] == "jupyterquiz has no lab questions"
    assert {"kinds-ordering", "kinds-matching", "kinds-gaps", "interview-cold"} <= reasons.keys()


# xAPI, by the rules of xAPI-Data.md 1.0.3

INTERACTIONS: dict[str, set[str]] = {
    "choice": {"choices"},
    "sequencing": {"choices"},
    "matching": {"source", "target"},
    "numeric": set(),
    "fill-in": set(),
    "long-fill-in": set(),
    "other": set(),
}


def is_iri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme and (parts.netloc or parts.path)) and " " not in text


def check_no_null(value: Any) -> None:
    assert value is not None
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        check_no_null(part)


def check_language_map(value: dict[str, str]) -> None:
    assert all(re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", tag) for tag in value)
    assert all(isinstance(text, str) for text in value.values())


def check_activity(activity: dict[str, Any]) -> None:
    assert activity.keys() <= {"objectType", "id", "definition"}
    assert activity["objectType"] == "Activity"
    assert is_iri(activity["id"])
    definition = activity["definition"]
    assert is_iri(definition["type"])
    for name in ("name", "description"):
        check_language_map(definition.get(name, {}))
    kind = definition.get("interactionType")
    components = definition.keys() - {"type", "name", "description", "interactionType"}
    if kind is None:
        assert not components
        return
    assert components <= INTERACTIONS[kind]
    for name in components:
        ids = [each["id"] for each in definition[name]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"\S+", each) for each in ids)
        for each in definition[name]:
            check_language_map(each["description"])


def check_statement(statement: dict[str, Any]) -> None:
    assert statement.keys() == {
        *("id", "actor", "verb", "object", "result", "context", "timestamp"),
    }
    assert str(UUID(statement["id"])) == statement["id"]
    actor = statement["actor"]
    assert actor.keys() == {"objectType", "account"}
    assert actor["account"].keys() == {"homePage", "name"}
    assert is_iri(actor["account"]["homePage"])
    assert is_iri(statement["verb"]["id"])
    check_language_map(statement["verb"]["display"])
    check_activity(statement["object"])
    result = statement["result"]
    assert -1 <= result["score"]["scaled"] <= 1
    assert isinstance(result["success"], bool)
    assert isinstance(result["response"], str)
    context = statement["context"]
    assert all(is_iri(name) for name in context["extensions"])
    for activities in context.get("contextActivities", {}).values():
        for activity in activities:
            check_activity(activity)
    assert datetime.fromisoformat(statement["timestamp"]).tzinfo is not None
    check_no_null(statement)


def attempts_at(bank: Bank) -> list[Attempt]:
    made = []
    for number, question in enumerate(bank.values()):
        one = question.instance(number % 3)
        answer = one.right_answer()
        made.append(
            Attempt(
                *(str(UUID(int=number)), "quiz", question.id, one.kept(answer), "right", 1.0),
                at="2026-11-21T10:00:00.000000+00:00",
                details={"seed": number % 3},
            )
        )
    return made


def test_statements_keep_the_rules_of_xapi(bank: Bank) -> None:
    attempts = attempts_at(bank)
    made = xapi.statements(attempts, bank)
    assert [each["id"] for each in made] == [each.uuid for each in attempts]
    for statement in made:
        check_statement(statement)
        assert statement["verb"]["id"] == "http://adlnet.gov/expapi/verbs/answered"
        assert statement["result"]["success"]
    assert len({each["object"]["id"] for each in made}) == len(bank)


def test_responses_name_the_banks_own_letters_whatever_was_mixed(sample: Bank) -> None:
    made = {
        each["object"]["definition"]["name"]["en-US"]: each
        for each in xapi.statements(attempts_at(sample), sample)
    }
    responses = {name: each["result"]["response"] for name, each in made.items()}
    assert responses["kinds-single"] == "a"
    assert responses["kinds-ordering"] == "a[,]b[,]c[,]d"
    assert responses["kinds-matching"] == "1[.]a[,]2[.]b[,]3[.]a"
    assert responses["kinds-gaps"] == "AWS::Function[,]900"
    assert responses["kinds-lab"] == ""
    choices = made["kinds-single"]["object"]["definition"]["choices"]
    assert [(each["id"], each["description"]["en-US"]) for each in choices] == [
        ("a", "first"),
        ("b", "second"),
        ("c", "third"),
    ]


@pytest.mark.parametrize("answer", [None, "zz", ["z"], {"9": "z"}, 3, True, [[1]], {"a": [None]}])
def test_an_old_or_damaged_answer_is_a_statement_all_the_same(sample: Bank, answer: Any) -> None:
    at = "2026-11-21T10:00:00.000000+00:00"
    for name in [*sample, "no-longer-there"]:
        attempt = Attempt(str(UUID(int=1)), "quiz", name, answer, "wrong", 0.0, at)
        (statement,) = xapi.statements([attempt], sample, home="https://school.example/lambda")
        check_statement(statement)
        iri = f"https://school.example/lambda/questions/{name}"
        assert statement["object"]["id"] == iri


# The command line


@pytest.mark.parametrize("format_", ["moodle", "jupyterquiz"])
def test_one_quiz_or_all_are_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    path = tmp_path / "questions"
    assert main(["export", "--format", format_, str(path), "first-function"]) == 0
    assert "first-function-status" not in capsys.readouterr().out
    assert "CardDeclined" in path.read_text(encoding="utf-8")
    assert main(["export", "--format", format_, str(path)]) == 0
    assert "Left out, as " in capsys.readouterr().out


def test_what_cannot_be_exported_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--format", "moodle", str(tmp_path / "no" / "x"), "first-function"]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert main(["export", "--format", "moodle", str(tmp_path / "x"), "frist-function"]) == 1
    assert "Did you mean “first-function”" in capsys.readouterr().err
    assert main(["xapi", str(tmp_path / "x"), "--progress", str(tmp_path / "none")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_ones_own_answers_and_an_exported_file_give_the_same_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    monkeypatch.setattr(store, "_stores", {})
    log = store.default_store()
    log.record("quiz", "first-function-status", ["c"], "right", 1)
    log.record("exercise", "handlers.greeter", None, "passed", 1)
    log.export(tmp_path / "progress.json")
    assert main(["xapi", str(tmp_path / "own.json")]) == 0
    arguments = ["xapi", str(tmp_path / "file.json"), "--progress", str(tmp_path / "progress.json")]
    assert main(arguments) == 0
    own = json.loads((tmp_path / "own.json").read_text(encoding="utf-8"))
    assert own == json.loads((tmp_path / "file.json").read_text(encoding="utf-8"))
    (statement,) = own
    check_statement(statement)
    assert statement["result"]["response"] == "c"
