"""How calls name functions."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from labsupport.functions.api.api_model import Call
from labsupport.functions.api.names import function_name, new_function_name
from labsupport.functions.api.paging import page
from labsupport.functions.errors import ServiceError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.mark.parametrize(
    ("text", "qualifier", "arn"),
    [
        ("f", None, ARN),
        ("f", "live", f"{ARN}:live"),
        ("f:1", None, f"{ARN}:1"),
        ("f:1", "1", f"{ARN}:1"),
        ("f:$LATEST", None, f"{ARN}:$LATEST"),
        ("123456789012:function:f", None, ARN),
        ("123456789012:f", "2", f"{ARN}:2"),
        ("function:f", None, ARN),
        (ARN, None, ARN),
        (f"{ARN}:live", "live", f"{ARN}:live"),
    ],
)
def test_names_and_arns_mean_the_same(text: str, qualifier: str | None, arn: str) -> None:
    assert function_name("us-east-1", text, qualifier).arn == arn


@pytest.mark.parametrize(
    ("text", "qualifier", "code", "words"),
    [
        ("f:1", "2", "InvalidParameterValueException", "derived qualifier from the function name"),
        (f"{ARN}:1", "$LATEST", "InvalidParameterValueException", "does not match the specified"),
        (ARN.replace("us-east-1", "eu-west-1"), None, "ResourceNotFoundException", "('us-east-1')"),
        ("a:b:c", None, "ValidationException", "Value 'a:b:c' at 'functionName' failed"),
        ("", None, "ValidationException", "Value '' at 'functionName' failed"),
        ("f\n", None, "ValidationException", "regular expression pattern"),
    ],
)
def test_what_names_no_function_here_is_refused(
    text: str, qualifier: str | None, code: str, words: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        function_name("us-east-1", text, qualifier)
    assert caught.value.code == code
    assert words in caught.value.message


def test_functions_of_another_account_are_not_ours_to_use() -> None:
    other = ARN.replace("123456789012", "111122223333")
    with pytest.raises(ServiceError) as caught:
        function_name("us-east-1", other, action="InvokeFunction")
    assert (caught.value.code, caught.value.status) == ("AccessDeniedException", 403)
    assert f"lambda:InvokeFunction on resource: {other} because no" in caught.value.message


def test_kinds_of_qualifiers() -> None:
    kinds = {
        text: (name.is_version, name.is_alias)
        for text in ("f", "f:7", "f:$LATEST", "f:v7")
        for name in [function_name("us-east-1", text)]
    }
    none = (False, False)
    assert kinds == {"f": none, "f:7": (True, False), "f:$LATEST": none, "f:v7": (False, True)}


NAMES = some.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True)
QUALIFIERS = some.none() | some.just("$LATEST") | NAMES


@given(NAMES, QUALIFIERS)
def test_arn_of_a_name_means_the_same_again(text: str, qualifier: str | None) -> None:
    name = function_name("us-east-1", text, qualifier)
    assert function_name("us-east-1", name.arn) == name


@given(some.text(), some.none() | some.text())
def test_any_other_text_is_refused_in_words(text: str, qualifier: str | None) -> None:
    for make in (function_name, new_function_name):
        with contextlib.suppress(ServiceError):
            more: tuple[Any, ...] = (qualifier,) if make is function_name else ()
            assert make("us-east-1", text, *more).name in text


@given(some.lists(some.integers(), max_size=200), some.integers(1, 10000))
def test_pages_together_are_the_whole_list(items: list[int], most: int) -> None:
    found: list[int] = []
    marker = ""
    while True:
        answer = page(
            "Items", items, Call("List", "us-east-1", {"Marker": marker, "MaxItems": most})
        )
        assert len(answer["Items"]) <= most
        found += answer["Items"]
        if "NextMarker" not in answer:
            break
        marker = answer["NextMarker"]
    assert found == items


@given(some.text())
def test_strange_markers_are_refused_in_words(marker: str) -> None:
    with contextlib.suppress(ServiceError):
        page("Items", [1, 2], Call("List", "us-east-1", {"Marker": marker}))
