"""The certificate says who passed what, the same way every time, whatever the name is."""

from __future__ import annotations

import re
import warnings
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizzes.exams.certificate import Certificate, CertificateError, readable_name


def certificate(name: str = "Ada Lovelace") -> Certificate:
    return Certificate(
        name=readable_name(name),
        title="AWS Lambda & serverless",
        day=date(2026, 11, 21),
        percent=86,
        pass_mark=70,
        version="0.1.0",
        sitting="1a2b3c4d",
    )


def words_of(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_name_exam_day_score_and_version_stand_on_it() -> None:
    words = " | ".join(words_of(certificate().svg()))
    for each in ("Ada Lovelace", "AWS Lambda & serverless", "86 percent", "21 November 2026"):
        assert each in words
    assert "Course version 0.1.0 · sitting 1a2b3c4d" in words


def test_same_certificate_gives_the_same_bytes() -> None:
    assert certificate().svg() == certificate().svg()
    assert certificate().pdf() == certificate().pdf()
    assert certificate().pdf() != certificate("Grace Hopper").pdf()
    assert certificate().pdf().startswith(b"%PDF-")


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "\"quoted\" & 'so' ]]>",
        "$x^2$ \\frac{1}{2}",
        "محمد عبد الله",
        "山田太郎",
        "Zoë 👩🏽‍🚀 O’Brien-Ångström",
        "W" * 120,
    ],
)
def test_any_name_is_text_and_nothing_else(name: str) -> None:
    made = certificate(name)
    assert made.name in words_of(made.svg())
    assert "<script" not in made.svg() + made._repr_html_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.pdf().startswith(b"%PDF-")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=130))
def test_name_is_printable_or_refused_in_a_sentence(name: str) -> None:
    try:
        made = certificate(name)
    except CertificateError as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)
    else:
        assert made.name in words_of(made.svg())


@pytest.mark.parametrize("name", ["", "  \n ", "\x00\x07", "x" * 121, None, 5])
def test_what_is_no_name_is_refused(name: object) -> None:
    with pytest.raises(CertificateError, match=r"name.*[.]$"):
        readable_name(name)


def test_letters_without_a_font_are_named() -> None:
    assert certificate().missing_letters() == ""
    assert certificate("Ada \U00013080").missing_letters() == "\U00013080"


def test_no_line_leaves_the_page() -> None:
    svg = certificate("W" * 120).svg()
    assert len(re.findall(r'textLength="722"', svg)) == 1
    assert "textLength" not in certificate().svg()


def test_it_is_saved_or_the_reason_is_told(tmp_path: Path) -> None:
    paths = certificate().save(tmp_path)
    assert [path.name for path in paths] == ["certificate.svg", "certificate.pdf"]
    assert paths[0].read_text(encoding="utf-8") == certificate().svg()
    with pytest.raises(CertificateError, match="could not be written"):
        certificate().save(tmp_path / "nowhere")
