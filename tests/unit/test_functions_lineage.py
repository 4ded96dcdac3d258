"""The trace header along a chain of requests."""

from __future__ import annotations

import pytest

from labsupport.functions.events.lineage import LONGEST, continue_lineage

F, G = (f"arn:aws:lambda:us-east-1:123456789012:function:{name}" for name in "fg")


def test_chain_keeps_its_root_and_counts_each_function() -> None:
    first = continue_lineage("", F)
    second = continue_lineage(first.header, G)
    third = continue_lineage(second.header, F)
    assert first.root == second.root == third.root
    assert [first.parent, second.parent, third.parent] == ["", first.segment, second.segment]
    assert [first.times, second.times, third.times] == [1, 1, 2]


def test_header_as_an_sdk_sends_it_is_read() -> None:
    sent = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;"
    trace = continue_lineage(sent + "Lineage=a87bd80c:1%7C68fd508a:5", F)
    assert (trace.parent, trace.sampled) == ("53995c3f42cd8ad8", "1")
    assert trace.lineage[:2] == (("a87bd80c", 1), ("68fd508a", 5))
    assert trace.header.startswith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=")


@pytest.mark.parametrize("header", ["nonsense", "Root=;;=;Lineage=x:y", "Root=1-0-0;Lineage=::|"])
def test_what_is_no_header_begins_a_chain(header: str) -> None:
    trace = continue_lineage(header, F)
    assert (trace.times, trace.parent, len(trace.lineage)) == (1, "", 1)


def test_long_chain_has_a_short_header() -> None:
    header = ""
    for n in range(100):
        header = continue_lineage(header, F + str(n)).header
    assert len(header) < 600
    assert len(continue_lineage(header, F).lineage) == LONGEST
