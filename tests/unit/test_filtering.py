"""Event patterns, and the filters of event source mappings made of them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labsupport.triggers.filtering import PatternError, check_pattern, matches
from labsupport.triggers.record_filters import RecordFilter

ORDER = {
    "source": "shop",
    "detail": {"state": "Open", "price": 300, "tags": ["new", "big"], "note": None, "paid": True},
    "items": [{"name": "a", "count": 1}, {"name": "b", "count": 2}],
    "empty": [],
    "by": {"ip": "10.0.0.7"},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["shop"]}, True),
        ({"source": ["Shop"]}, False),
        ({"source": ["x", "shop"], "detail": {"state": ["Open"]}}, True),
        ({"source": ["shop"], "detail": {"state": ["Closed"]}}, False),
        ({"detail": {"price": [300]}}, True),
        ({"detail": {"price": [300.0]}}, True),
        ({"detail": {"price": ["300"]}}, False),
        ({"detail": {"paid": [1]}}, False),
        ({"detail": {"paid": [True]}}, True),
        ({"detail": {"note": [None]}}, True),
        ({"detail": {"missing": [None]}}, False),
        ({"detail": {"tags": ["big", "small"]}}, True),
        ({"detail": {"tags": ["small"]}}, False),
        ({"detail": {"state": [{"prefix": "Op"}]}}, True),
        ({"detail": {"state": [{"prefix": "op"}]}}, False),
        ({"detail": {"state": [{"prefix": {"equals-ignore-case": "OP"}}]}}, True),
        ({"detail": {"state": [{"suffix": "en"}]}}, True),
        ({"detail": {"state": [{"suffix": {"equals-ignore-case": "EN"}}]}}, True),
        ({"detail": {"price": [{"prefix": "3"}]}}, False),
        ({"detail": {"state": [{"equals-ignore-case": "oPEN"}]}}, True),
        ({"detail": {"state": [{"wildcard": "O*n"}]}}, True),
        ({"detail": {"state": [{"wildcard": "O\\*n"}]}}, False),
        ({"detail": {"state": [{"anything-but": "Open"}]}}, False),
        ({"detail": {"state": [{"anything-but": ["Closed", 7]}]}}, True),
        ({"detail": {"price": [{"anything-but": 300}]}}, False),
        ({"detail": {"missing": [{"anything-but": "x"}]}}, False),
        ({"detail": {"note": [{"anything-but": "x"}]}}, True),
        ({"detail": {"tags": [{"anything-but": "new"}]}}, True),
        ({"detail": {"state": [{"anything-but": {"prefix": "Op"}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"prefix": ["x", "Op"]}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"suffix": "x"}}]}}, True),
        ({"detail": {"state": [{"anything-but": {"equals-ignore-case": ["OPEN"]}}]}}, False),
        ({"detail": {"state": [{"anything-but": {"wildcard": "*x*"}}]}}, True),
        ({"detail": {"price": [{"numeric": [">", 0, "<=", 300]}]}}, True),
        ({"detail": {"price": [{"numeric": ["<", 300]}]}}, False),
        ({"detail": {"price": [{"numeric": ["=", 300]}]}}, True),
        ({"detail": {"state": [{"numeric": ["=", 300]}]}}, False),
        ({"detail": {"paid": [{"numeric": ["=", 1]}]}}, False),
        ({"detail": {"price": [{"exists": True}]}}, True),
        ({"detail": [{"exists": True}]}, False),
        ({"detail": {"note": [{"exists": True}]}}, True),
        ({"detail": {"price": [{"exists": False}]}}, False),
        ({"detail": {"missing": {"deeper": [{"exists": False}]}}}, True),
        ({"nowhere": [{"exists": False}]}, True),
        ({"empty": [{"exists": True}]}, False),
        ({"empty": [None]}, False),
        ({"items": {"name": [{"exists": False}]}}, False),
        ({"items": {"name": ["a"], "count": [1]}}, True),
        ({"items": {"name": ["a"], "count": [2]}}, False),
        ({"$or": [{"source": ["x"]}, {"detail": {"price": [{"numeric": [">", 5]}]}}]}, True),
        ({"source": ["shop"], "$or": [{"a": [1]}, {"b": [2]}]}, False),
        ({"detail": {"$or": [{"state": ["x"]}, {"paid": [True]}]}}, True),
        ({"detail.state": ["Open"]}, True),
        ({"by": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"by": {"ip": [{"cidr": "10.1.0.0/24"}]}}, False),
        ({"source": [{"cidr": "10.1.0.0/24"}]}, False),
    ],
)
def test_a_pattern_lets_through_what_it_describes(pattern: Any, expected: bool) -> None:
    check_pattern(pattern)
    assert matches(pattern, ORDER) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ([], "Filter is not an object"),
        ({}, "Empty objects are not allowed"),
        ({"a": {}}, "Empty objects are not allowed"),
        ({"a": 1}, '"a" must be an object or an array'),
        ({"a": {"b": "x"}}, '"b" must be an object or an array'),
        ({"a": []}, "Empty arrays are not allowed"),
        ({"a": [[1]]}, "Match value must be String, number, true, false, or null"),
        ({"a": [{"EXISTS": True}]}, "Unrecognized match type EXISTS"),
        (
            {"a": [{"exists": True, "prefix": "x"}]},
            "Only one key allowed in match expression",
        ),
        ({"a": [{"exists": 1}]}, "exists match pattern must be either true or false."),
        ({"a": [{"prefix": 1}]}, "prefix match pattern must be a string"),
        ({"a": [{"suffix": ["x"]}]}, "suffix match pattern must be a string"),
        (
            {"a": [{"equals-ignore-case": ["x"]}]},
            "equals-ignore-case match pattern must be a string",
        ),
        ({"a": [{"wildcard": "a**"}]}, "Consecutive wildcard characters at pos 1"),
        ({"a": [{"numeric": [">", 0, ">", 0]}]}, "Bad numeric range operator: >"),
        ({"a": [{"numeric": [">", 0, "<"]}]}, "Value of < must be numeric"),
        ({"a": [{"numeric": ["~", 0]}]}, "Unrecognized numeric range operator: ~"),
        ({"a": [{"numeric": [">", 5, "<", 5]}]}, "Bottom must be less than top"),
        ({"a": [{"numeric": 5}]}, "Value of numeric must be an array."),
        (
            {"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]},
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            {"a": [{"anything-but": {"suffix": [1]}}]},
            "prefix/suffix match pattern must be a string",
        ),
        ({"a": [{"cidr": "1.2.3.4"}]}, "Malformed CIDR, one '/' required"),
        ({"a": [{"cidr": "xx.11.xx/8"}]}, "Nonstandard IP address: xx.11.xx"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason_of_aws(pattern: Any, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        check_pattern(pattern)
    assert str(caught.value) == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc$.", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
LEAF = st.booleans() | st.integers() | st.text(max_size=5) | st.none()
FLAT = st.dictionaries(st.text("abc", min_size=1, max_size=3), LEAF, min_size=1, max_size=4)


@given(JSON, JSON)
def test_any_json_is_refused_or_matched_without_a_fault(pattern: Any, event: Any) -> None:
    try:
        check_pattern(pattern)
    except PatternError:
        return
    assert matches(pattern, event) in (True, False)


@given(FLAT)
def test_an_event_matches_itself_written_as_a_pattern(event: dict[str, Any]) -> None:
    pattern = {name: [value] for name, value in event.items()}
    check_pattern(pattern)
    assert matches(pattern, event)
    assert matches({"in": pattern}, {"in": [{}, event]})
    assert not any(matches({name: [{"exists": False}]}, event) for name in event)


@given(FLAT, FLAT)
def test_or_matches_where_one_of_its_patterns_does(one: Any, event: Any) -> None:
    first, second = ({name: [value]} for name, value in (*one.items(), *event.items())[:2])
    either = matches(first, event) or matches(second, event)
    assert matches({"$or": [first, second]}, event) == either


@given(FLAT, st.text(max_size=5))
def test_anything_but_is_the_opposite_of_equal_where_a_value_is(event: Any, text: str) -> None:
    for name in event:
        equal = matches({name: [text]}, event)
        assert matches({name: [{"anything-but": text}]}, event) is not equal


@pytest.mark.parametrize(
    ("pattern", "body", "expected"),
    [
        ({"body": {"code": ["A"]}}, '{"code": "A"}', True),
        ({"body": {"code": ["A"]}}, '{"code": "B"}', False),
        ({"body": {"code": ["A"]}}, "A", False),
        ({"body": ["plain"]}, "plain", True),
        ({"body": ["plain"]}, "other", False),
        ({"body": [{"prefix": "pl"}]}, "plain", True),
        ({"body": [{"prefix": "{"}]}, '{"code": "A"}', False),
        ({"eventSource": ["aws:sqs"]}, "plain", True),
        ({"eventSource": ["aws:sqs"]}, '{"code": "A"}', True),
        ({"$or": [{"body": {"code": ["A"]}}, {"body": ["plain"]}]}, "plain", True),
        ({"$or": [{"body": {"code": ["A"]}}, {"body": ["plain"]}]}, '{"code": "A"}', True),
        ({"$or": [{"body": {"code": ["A"]}}, {"body": ["plain"]}]}, "x", False),
    ],
)
def test_bodies_follow_the_table_for_json_and_plain_text(
    pattern: Any, body: str, expected: bool
) -> None:
    record = {"body": body, "eventSource": "aws:sqs"}
    assert RecordFilter([json.dumps(pattern)], "sqs").accepts(record) is expected


def test_kinesis_data_is_decoded_and_may_be_anything() -> None:
    def record(data: bytes) -> dict[str, Any]:
        return {"kinesis": {"partitionKey": "1", "data": base64.b64encode(data).decode()}}

    by_data = RecordFilter(['{"data": {"a": [1]}, "partitionKey": ["1"]}'], "kinesis")
    assert by_data.accepts(record(b'{"a": 1}'))
    assert not by_data.accepts(record(b"\xff\xfe"))
    assert not RecordFilter(['{"data": [{"prefix": ""}]}'], "kinesis").accepts(record(b"\xff"))
    assert RecordFilter(['{"partitionKey": ["1"]}'], "kinesis").accepts(record(b"\xff"))


def test_one_of_several_filters_is_enough_and_none_lets_all_through() -> None:
    record = {"eventName": "INSERT", "dynamodb": {"NewImage": {"n": {"N": "5"}}}}
    patterns = ['{"eventName": ["REMOVE"]}', '{"dynamodb": {"NewImage": {"n": {"N": ["5"]}}}}']
    assert RecordFilter(patterns, "dynamodb").accepts(record)
    assert not RecordFilter(patterns[:1], "dynamodb").accepts(record)
    assert RecordFilter([], "dynamodb").accepts(record)


@pytest.mark.parametrize(
    "text",
    [
        *("null", "simple string", '{"eventSource": "aws:sqs"}', '{"eventSource": []}', "", "{}"),
        '{"body": {"a": [{"wildcard": "x*"}]}}',
        '{"body": {"a": [{"anything-but": {"prefix": "x"}}]}}',
        '{"a":' * 2000,
    ],
)
def test_lambda_refuses_what_is_no_pattern_and_operators_it_lacks(text: str) -> None:
    with pytest.raises(PatternError):
        RecordFilter([text], "sqs")
