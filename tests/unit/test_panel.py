"""The status panel: what it says, in text and in HTML."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from labsupport.panel import PROMISE, Status, as_html, as_text, describe_speed

STATUS = Status(
    running=True,
    endpoint="http://127.0.0.1:4566",
    region="us-east-1",
    account_id="123456789012",
    isolation="processes <of> their own",
    python="3.12.1",
    speed=60,
)


def test_the_text_names_everything_and_the_promise() -> None:
    assert as_text(STATUS).splitlines() == [
        "Lab cloud running. Nothing here reaches AWS.",
        "  Endpoint         http://127.0.0.1:4566",
        "  Region           us-east-1",
        "  Account          123456789012",
        "  Isolation        processes <of> their own",
        "  Handlers run on  Python 3.12.1",
        "  Lab clock        60× faster: a minute on AWS takes 1 second here",
    ]


def test_the_html_says_the_same_as_the_text_in_a_labelled_table() -> None:
    texts: list[str] = []
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            texts.append(data)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    page = as_html(STATUS)
    Reader().feed(page)
    said = [text for text in texts if text.strip()]
    assert said == [STATUS.headline, *(part for row in STATUS.rows for part in row)]
    heads = [attributes for tag, attributes in tags if tag == "th"]
    assert [head.get("scope") for head in heads] == ["row"] * 6
    assert {tag for tag, _ in tags} <= {"table", "caption", "strong", "tbody", "tr", "th", "td"}


def test_the_html_leaves_colours_to_the_page() -> None:
    page = as_html(STATUS)
    assert "#" not in page
    assert "background" not in page
    assert "rgb" not in page


def test_a_stopped_lab_makes_no_promise() -> None:
    stopped = replace(STATUS, running=False)
    assert as_text(stopped) == "Lab cloud stopped."
    assert PROMISE not in as_html(stopped)


@pytest.mark.parametrize(
    ("speed", "text"),
    [
        (1, "real time"),
        (60, "60× faster: a minute on AWS takes 1 second here"),
        (120.0, "120× faster: a minute on AWS takes 0.5 seconds here"),
        (0.5, "2× slower: a minute on AWS takes 120 seconds here"),
    ],
)
def test_a_speed_is_told_as_what_a_minute_takes(speed: float, text: str) -> None:
    assert describe_speed(speed) == text
