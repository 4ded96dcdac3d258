"""The checks of lesson 11 accept what is right and nothing that people write instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from course import check
from course.lessons import find_exercise
from labsupport import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def said(tmp_path: Path, name: str, body: str) -> str:
    """What the check says of a file with this in place of the solution."""
    exercise = find_exercise(name)
    path = tmp_path / "written.py"
    source = f"{exercise.before}{body}{exercise.after}".partition("\n")[2]
    path.write_text(source, encoding="utf-8")
    return repr(check(name, path))


@pytest.mark.parametrize("name", ["quotas.album", "quotas.negative"])
def test_a_files_stub_is_not_attempted_and_its_solution_passes(
    lab: Lab, tmp_path: Path, name: str
) -> None:
    assert said(tmp_path, name, find_exercise(name).stub).startswith("Not attempted")
    assert said(tmp_path, name, find_exercise(name).solution).startswith("Passed")


WHOLE = "def handler(event, context):\n    return {'done': event['pages'], 'rest': []}\n"
NOTHING = "def handler(event, context):\n    return {'done': [], 'rest': event['pages']}\n"
SOME = """def handler(event, context):
    for page in event["pages"][:6]:
        lay_out(page)
    return {"done": event["pages"][:6], "rest": event["pages"][6:]}
"""
FORGETS = "def handler(event, context):\n    return {'done': event['pages'][:2], 'rest': []}\n"


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (WHOLE.replace("return", "[lay_out(page) for page in event['pages']]\n    return"), "Sand"),
        (NOTHING, "the album never ends"),
        (FORGETS, "together should be the pages"),
        (SOME, "does it go by the time"),
    ],
)
def test_album_sends_back_what_times_out_stands_still_forgets_or_counts(
    lab: Lab, tmp_path: Path, body: str, reply: str
) -> None:
    found = said(tmp_path, "quotas.album", body)
    assert found.startswith("Not yet")
    assert reply in found


@pytest.mark.parametrize(
    ("old", "new", "reply"),
    [
        ('{"bucket": bucket, "key": new_key}', '{"negative": negative.hex()}', "ResponseSizeTooL"),
        (".translate(NEGATIVE)", "", "something else lies there"),
        ("s3.put_object(Bucket=bucket, Key=new_key, Body=negative)", "pass", "nothing lies there"),
    ],
)
def test_negative_sends_back_large_answers_and_what_stores_no_negative(
    lab: Lab, tmp_path: Path, old: str, new: str, reply: str
) -> None:
    body = find_exercise("quotas.negative").solution
    assert old in body
    found = said(tmp_path, "quotas.negative", body.replace(old, new))
    assert found.startswith("Not yet")
    assert reply in found


@pytest.mark.parametrize("ask", [{"b", "e"}, ["e", "b"]])
def test_plan_accepts_the_two_soft_quotas_and_the_sum(ask: object) -> None:
    assert repr(check("quotas.plan", {"ask": ask, "concurrency": 1325})).startswith("Passed")


@pytest.mark.parametrize(
    ("ask", "concurrency"),
    [
        ({"b"}, 1325),
        ({"a", "b", "e"}, 1325),
        ({"b", "e"}, 450 * 2.5),
        ({"b", "e"}, 5000),
        ({"b", "e"}, True),
        ("be", 1325),
    ],
)
def test_plan_sends_back_other_wishes_and_other_numbers(ask: object, concurrency: object) -> None:
    found = repr(check("quotas.plan", {"ask": ask, "concurrency": concurrency}))
    assert found.startswith("Not yet")


@pytest.mark.parametrize("plan", [..., {"ask": ..., "concurrency": ...}, {"ask": {"b"}}])
def test_plan_half_filled_in_is_not_passed(plan: object) -> None:
    assert repr(check("quotas.plan", plan)).startswith(("Not attempted", "Not yet"))
