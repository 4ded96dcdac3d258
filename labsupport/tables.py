"""Tables of texts, as text and as HTML; drawing nothing, this needs no matplotlib."""

from __future__ import annotations

import html
from collections.abc import Sequence

ABOUT = "≈ "
"""Stands before what was measured."""


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as lines of text."""
    cells = [list(head), *map(list, rows)]
    wide = [
        max(12 if row[place].startswith(ABOUT) else len(row[place]) for row in cells)
        for place in range(len(head))
    ]
    return "\n".join(
        "  ".join(f"{cell:>{size}}" for cell, size in zip(row, wide, strict=True)) for row in cells
    )


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as HTML."""
    top = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
