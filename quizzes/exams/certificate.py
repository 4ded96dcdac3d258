"""The certificate of a passed exam, as SVG and as PDF: the same words at the same places."""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 842, 595  # A4, lying, in points
_INK, _QUIET, _ACCENT = "#1f1f1f", "#555555", "#0b57a4"
_FRAMES = ((24, 3), (32, 1))  # how far from the edge, how thick
_LONGEST_NAME = 120
_FONT = "DejaVu Sans"
_LAST_RESORT = "Last Resort"  # has a box for every letter there is


class CertificateError(ValueError):
    """Raised when no certificate can be made; its text is one sentence."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [str(self)]


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    y: float
    size: float
    colour: str = _INK
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """Who passed which exam, when, with how many percent, in which version of the course."""

    name: str
    title: str
    day: date
    percent: int
    pass_mark: int
    version: str
    sitting: str

    def svg(self) -> str:
        """Give the certificate as an SVG document; letters are text, drawn by who shows it."""
        rows = [
            f'<text x="{WIDTH / 2:g}" y="{each.y:g}" font-size="{each.size:g}" '
            f'fill="{each.colour}" font-weight="{"bold" if each.bold else "normal"}"'
            f"{_fitting(each)}>{escape(each.text)}</text>"
            for each in self._lines()
        ]
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title desc" '
                f'text-anchor="middle" font-family="\'{_FONT}\', sans-serif">',
                f'<title id="title">{escape(f"Certificate: {self.title}")}</title>',
                f'<desc id="desc">{escape(self.words())}</desc>',
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
                *(
                    f'<rect x="{inset}" y="{inset}" width="{WIDTH - 2 * inset}" '
                    f'height="{HEIGHT - 2 * inset}" fill="none" stroke="{_ACCENT}" '
                    f'stroke-width="{thick}"/>'
                    for inset, thick in _FRAMES
                ),
                *rows,
                "</svg>",
                "",
            ]
        )

    def pdf(self) -> bytes:
        """Give the certificate as a PDF document, with the letters' shapes in it."""
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        # Letters that no font has come out as boxes; `missing_letters` names them.
        with rc_context({"pdf.fonttype": 42}), warnings.catch_warnings(action="ignore"):
            figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72))
            for inset, thick in _FRAMES:
                corner = (inset / WIDTH, inset / HEIGHT)
                size = 1 - 2 * corner[0], 1 - 2 * corner[1]
                figure.add_artist(
                    Rectangle(corner, *size, fill=False, edgecolor=_ACCENT, linewidth=thick)
                )
            for each in self._lines():
                _write(figure, each)
            file = io.BytesIO()
            title = f"Certificate: {self.title}"
            figure.savefig(file, format="pdf", metadata={"Title": title, "CreationDate": None})
        return file.getvalue()

    def missing_letters(self) -> str:
        """Give the letters of the name that no font of this computer has, for the PDF."""
        return _without_font(self.name)

    def save(self, folder: str | Path = ".") -> list[Path]:
        """Write ``certificate.svg`` and ``certificate.pdf`` into `folder`, and give their paths.

        Raises `CertificateError` when they cannot be written.
        """
        where = Path(folder).expanduser()
        paths = [where / "certificate.svg", where / "certificate.pdf"]
        try:
            paths[0].write_text(self.svg(), encoding="utf-8")
            paths[1].write_bytes(self.pdf())
        except OSError as error:
            raise CertificateError(
                f"The certificate could not be written to {where} ({error.strerror}); "
                "name another folder."
            ) from None
        return paths

    def words(self) -> str:
        """Say in a sentence what the certificate says."""
        return (
            f"{self.name} passed the exam “{self.title}” on {_day(self.day)} with "
            f"{self.percent} percent; {self.pass_mark} percent were needed. "
            f"Course version {self.version}, sitting {self.sitting}."
        )

    def _lines(self) -> Iterator[_Line]:
        yield _Line("COLD START", 110, 16, _ACCENT, bold=True)
        yield _Line("Certificate", 170, 40)
        yield _Line("This is to certify that", 222, 15, _QUIET)
        yield _Line(self.name, 275, min(34.0, 1180 / _columns(self.name)), bold=True)
        yield _Line("passed the exam", 322, 15, _QUIET)
        yield _Line(self.title, 364, min(26.0, 1180 / _columns(self.title)))
        yield _Line(f"with {self.percent} percent", 410, 20)
        yield _Line(f"({self.pass_mark} percent were needed)", 434, 13, _QUIET)
        yield _Line(_day(self.day), 482, 16)
        yield _Line(f"Course version {self.version} · sitting {self.sitting}", 522, 11, _QUIET)
        yield _Line(
            "A certificate of the course Cold Start; it is not one of Amazon Web Services.",
            540,
            11,
            _QUIET,
        )

    def __repr__(self) -> str:
        return self.words()

    def _repr_html_(self) -> str:
        data = b64encode(self.svg().encode()).decode()
        return (
            f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(self.words())}" '
            'style="max-width:100%;height:auto">'
        )


def readable_name(given: object) -> str:
    """Give a name as it can be printed; raise `CertificateError` where nothing is left of it."""
    if not isinstance(given, str):
        raise CertificateError('Give the name as text, such as certificate("Ada Lovelace").')
    kept = "".join(
        each if unicodedata.category(each) not in {"Cc", "Cs", "Cn", "Zl", "Zp"} else " "
        for each in unicodedata.normalize("NFC", given)
    )
    name = re.sub(r"\s+", " ", kept).strip()
    if not any(unicodedata.category(each)[0] in "LNSP" for each in name):
        raise CertificateError("A certificate needs a name; write yours.")
    if len(name) > _LONGEST_NAME:
        raise CertificateError(f"The name is longer than {_LONGEST_NAME} letters; shorten it.")
    return name


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _columns(text: str) -> int:
    """Give the width of a text in narrow letters."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return max(1, len(text) + wide)


def _fitting(line: _Line) -> str:
    """Squeeze a line that would leave the page: how wide a letter is, only its viewer knows."""
    wide = _columns(line.text) * line.size * 0.72 > WIDTH - 120
    return f' textLength="{WIDTH - 120}" lengthAdjust="spacingAndGlyphs"' if wide else ""


def _write(figure: Any, line: _Line) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    text = figure.text(
        0.5,
        1 - line.y / HEIGHT,
        line.text,
        fontsize=line.size,
        color=line.colour,
        fontweight="bold" if line.bold else "normal",
        fontfamily=_families(line.text),
        ha="center",
        va="baseline",
        parse_math=False,
    )
    room = WIDTH - 120
    canvas: Any = FigureCanvasAgg(figure)
    drawn = text.get_window_extent(canvas.get_renderer())
    width = drawn.width * 72 / figure.dpi
    if width > room:
        text.set_fontsize(line.size * room / width)


def _families(text: str) -> list[str]:
    """Name the fonts that a text needs: the usual one, and others for letters it lacks."""
    families = [_FONT]
    missing = {ord(each) for each in text if not each.isspace()} - _letters_of(_path_of(_FONT))
    for name, path in _other_fonts() if missing else ():
        found = missing & _letters_of(path)
        if found:
            families.append(name)
            missing -= found
    return families


def _without_font(text: str) -> str:
    known = set().union(*(_letters_of(_path_of(name)) for name in _families(text)))
    letters = dict.fromkeys(each for each in text if not each.isspace())
    return "".join(each for each in letters if ord(each) not in known)


def _other_fonts() -> list[tuple[str, str]]:
    from matplotlib.font_manager import fontManager

    fonts = {each.name: each.fname for each in fontManager.ttflist}
    return sorted(each for each in fonts.items() if not each[0].startswith(_LAST_RESORT))


def _path_of(family: str) -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=[family])))


@cache
def _letters_of(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
