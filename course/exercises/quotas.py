"""Checks the exercises of lesson 11, quotas."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from numbers import Real
from typing import Any

import boto3

from course.checking import Attempt, exercise
from course.lab_cloud import end, require_lab, temporary_function, written

_NEGATIVE = bytes(range(255, -1, -1))
_ROUNDS = 6
_WISHES = {
    "a": (False, "the longest timeout is the same for everybody; the album is cut into pieces"),
    "b": (True, "concurrency is a soft quota of the account in this Region"),
    "c": (False, "the size of environment variables is fixed; keep data in S3 and name it there"),
    "d": (False, "the size of an answer is fixed; put it into S3 and answer with its key"),
    "e": (True, "network interfaces in a VPC can be raised, in the quotas of Amazon VPC"),
    "f": (False, "the size of an unzipped package is fixed; a container image may be larger"),
}
_CONCURRENCY = 450 * 2.5 + 200


@exercise(
    hints=(
        "Keep the pages that are left in a list of their own: `rest = list(event['pages'])`.",
        "`while rest and context.get_remaining_time_in_millis() > 1000:` lays out one more page.",
        "After the loop, return `done` and `rest`, whether or not the loop got to the end.",
    ),
    deadline_s=60,
)
def album(attempt: Attempt, path: object) -> None:
    """Stops while there is time, and says which pages are left."""
    require_lab(attempt)
    with temporary_function(written(attempt, path), "handler", Timeout=3) as name:
        short = _answer(name, {"pages": [1, 2]})
        attempt.expect(
            short == {"done": [1, 2], "rest": []},
            passed="two pages are laid out in one go, and none is left",
            failed="`{'pages': [1, 2]}` should give `{'done': [1, 2], 'rest': []}`, and yours "
            f"gives `{short!r}`",
        )
        _in_pieces(attempt, name, list(range(1, 21)))
        _with_more_time(attempt, name, list(range(1, 16)))


def _in_pieces(attempt: Attempt, name: str, pages: list[int]) -> None:
    rest, laid_out, rounds = list(pages), [], 0
    while rest and rounds < _ROUNDS:
        rounds += 1
        answer = _answer(name, {"pages": rest})
        if not isinstance(answer, Mapping) or answer.get("errorType"):
            end(attempt, f"with {len(rest)} pages and 3 s to work, yours ended in {_said(answer)}")
        done, left = answer.get("done"), answer.get("rest")
        if not isinstance(done, list) or done + list(left or []) != rest:
            end(
                attempt,
                f"`done` and `rest` together should be the pages {rest}, in order, and yours are "
                f"`{done!r}` and `{left!r}`",
            )
        if not done:
            end(
                attempt,
                "a call that has its full time should lay out a page at least, or the album never "
                "ends",
            )
        laid_out += done
        rest = list(left or [])
    attempt.expect(
        laid_out == pages,
        passed=f"of {len(pages)} pages, each was laid out once, in calls that all ended in time",
        failed=f"after {_ROUNDS} calls there were still {len(rest)} of {len(pages)} pages left; "
        "the reserve is too large",
    )


def _with_more_time(attempt: Attempt, name: str, pages: list[int]) -> None:
    boto3.client("lambda").update_function_configuration(FunctionName=name, Timeout=10)
    answer = _answer(name, {"pages": pages})
    attempt.expect(
        answer == {"done": pages, "rest": []},
        passed=f"with 10 s in place of 3, {len(pages)} pages are laid out in one call",
        failed=f"with 10 s in place of 3, {len(pages)} pages should be laid out in one call, and "
        f"yours gives {_said(answer)}; does it go by the time that is left?",
    )


@exercise(
    hints=(
        "`s3.get_object(Bucket=…, Key=…)['Body'].read()` gives the photo's bytes.",
        "`photo.translate(NEGATIVE)` is the negative; `s3.put_object(…, Body=negative)` stores it.",
        "Return `{'bucket': bucket, 'key': new_key}`; the bytes themselves stay out of the answer.",
    ),
    deadline_s=60,
)
def negative(attempt: Attempt, path: object) -> None:
    """Reads a photo from S3, puts its negative there and answers with its name."""
    require_lab(attempt)
    source = written(attempt, path)
    s3 = boto3.client("s3")
    with _bucket() as bucket, temporary_function(source, "handler", Timeout=20) as name:
        for key, photo in (
            ("uploads/small.raw", secrets.token_bytes(1000)),
            ("uploads/large photo.raw", secrets.token_bytes(1000) * 8000),
        ):
            s3.put_object(Bucket=bucket, Key=key, Body=photo)
            wanted = {"bucket": bucket, "key": f"negatives/{key}"}
            got = _answer(name, {"bucket": bucket, "key": key})
            what = f"a photo of {len(photo):,} bytes at `{key}`"
            attempt.expect(
                got == wanted,
                passed=f"{what} is answered with the negative's bucket and key",
                failed=f"{what} should be answered with `{wanted}`, and yours gives {_said(got)}",
            )
            stored = _stored(bucket, wanted["key"])
            attempt.expect(
                stored == photo.translate(_NEGATIVE),
                passed="its negative lies there",
                failed=f"its negative should lie at `{wanted['key']}`, and "
                + ("nothing lies there" if stored is None else "something else lies there"),
            )


@exercise(
    hints=(
        "Look at the last column of the table above: two of the six can be raised.",
        "Concurrency is requests per second times seconds; add what the other function needs.",
        "450 × 2.5, and 200 more, since both functions share the quota of the account.",
    )
)
def plan(attempt: Attempt, given: object) -> None:
    """Tells what can be asked for, and how much concurrency is needed."""
    attempt.given(given)
    attempt.require(
        isinstance(given, Mapping) and {"ask", "concurrency"} <= set(given),
        passed="`plan` has both entries",
        failed="`plan` should be a dict with the entries `ask` and `concurrency`",
    )
    assert isinstance(given, Mapping)
    attempt.given(given["ask"], given["concurrency"])
    asked, number = given["ask"], given["concurrency"]
    attempt.require(
        isinstance(asked, set | frozenset | list | tuple)
        and all(isinstance(each, str) and each in _WISHES for each in asked),
        passed="`ask` holds letters of wishes",
        failed=f'`ask` should be a set of letters such as `{{"a", "b"}}`, and it is `{asked!r}`',
    )
    for letter in sorted(set(asked)):
        soft, why = _WISHES[letter]
        attempt.expect(
            soft, passed=f"{letter} can be asked for: {why}", failed=f"{letter} cannot: {why}"
        )
    missing = sum(soft and letter not in asked for letter, (soft, _) in _WISHES.items())
    attempt.expect(
        not missing, passed="no wish is missing", failed=f"{missing} more can be asked for"
    )
    attempt.expect(
        isinstance(number, Real)
        and not isinstance(number, bool)
        and _CONCURRENCY <= float(number) < _CONCURRENCY + 1,
        passed=f"a concurrency of {number:g} is just enough"
        if isinstance(number, Real)
        else "the concurrency is just enough",
        failed=f"a concurrency of `{number!r}` is not the smallest that is enough for both "
        "functions at once",
    )


@contextmanager
def _bucket() -> Iterator[str]:
    """A bucket of its own; nothing of it stays behind."""
    name, s3 = f"check-{secrets.token_hex(4)}", boto3.client("s3")
    s3.create_bucket(Bucket=name)
    with ExitStack() as made:
        made.callback(s3.delete_bucket, Bucket=name)
        made.callback(_empty, name)
        yield name


def _empty(bucket: str) -> None:
    s3 = boto3.client("s3")
    for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=found["Key"])


def _stored(bucket: str, key: str) -> bytes | None:
    s3 = boto3.client("s3")
    try:
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return None


def _answer(name: str, event: dict[str, Any]) -> Any:
    reply = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    return json.load(reply["Payload"])


def _said(answer: object) -> str:
    if isinstance(answer, Mapping) and answer.get("errorType"):
        return f"`{answer['errorType']}: {answer.get('errorMessage')}`"
    text = repr(answer)
    return f"`{text if len(text) < 200 else text[:200] + '…'}`"
