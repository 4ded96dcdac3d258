"""A quiz as text, without its answers: for terminals, GitHub and notebooks that nobody runs.

Both forms depend on the questions alone, never on what was answered, so that a stored notebook
stays the same.
"""

from __future__ import annotations

import html
import textwrap

from quizzes import markup
from quizzes.model import Question, Quiz

WIDTH = 88


def example(quiz: Quiz) -> str:
    """Give the lines of Python that answer the first question of each kind."""
    lines: dict[str, str] = {}
    for number, question in enumerate(quiz.questions, 1):
        answer = question.example()
        lines.setdefault(question.kind, f"quiz.answer({number}{answer and ', '}{answer})")
    return "\n".join([f'quiz = checkpoint("{quiz.quiz}")', *lines.values()])


def plain(quiz: Quiz) -> str:
    """Write the quiz for a terminal."""
    parts = [f"Checkpoint: {quiz.title} ({counted(len(quiz.questions))})"]
    parts += [asked(question, number) for number, question in enumerate(quiz.questions, 1)]
    parts.append(
        "To answer, run this cell in JupyterLab, or write in Python:\n"
        + textwrap.indent(example(quiz), "    ")
    )
    return "\n\n".join(parts)


def asked(question: Question, number: int) -> str:
    """Write one question for a terminal."""
    lines = [_wrapped(question.body(), f"{number}. ", "   ")]
    lines += [_wrapped(row, f"   {label}. ", "      ") for label, row in question.rows()]
    lines.append(_wrapped(question.instruction(), "   ", "   "))
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> str:
    """Write Markdown for a terminal, every line indented."""
    return _wrapped(text, indent, indent)


def as_html(quiz: Quiz) -> str:
    """Write the quiz as HTML without styles, scripts or headings, readable wherever it is shown."""
    parts = [
        f"<p><strong>Checkpoint: {html.escape(quiz.title)}</strong> "
        f"({counted(len(quiz.questions))}). Run this cell to answer here.</p>"
    ]
    for number, question in enumerate(quiz.questions, 1):
        prompt = markup.to_html(question.body())
        numbered = f"<strong>{number}.</strong> "
        if prompt.startswith("<p>"):
            parts.append(prompt.replace("<p>", f"<p>{numbered}", 1))
        else:
            parts.append(f"<p>{numbered}</p>\n{prompt}")
        rows = [f"<strong>{label}</strong>&ensp;{_option(row)}" for label, row in question.rows()]
        rows.append(f"<em>{html.escape(question.instruction())}</em>")
        parts.append("<blockquote><p>" + "<br>\n".join(rows) + "</p></blockquote>")
    return "\n".join(parts)


def counted(number: int) -> str:
    """Say how many questions there are."""
    return f"{number} question" if number == 1 else f"{number} questions"


def _option(text: str) -> str:
    # Options stand in one paragraph: a list would lose its letters in JupyterLab.
    rendered = markup.to_inline_html(text)
    return (
        rendered if "<p>" not in rendered else rendered.replace("<p>", "").replace("</p>", "<br>")
    )


def _wrapped(text: str, first: str, rest: str) -> str:
    lines: list[str] = []
    in_code = False
    for line in _joined(markup.to_text(text)):
        if line.startswith("```"):
            in_code = not in_code
            continue
        lead = rest if lines else first
        if in_code or not line:
            lines.append(f"{lead}    {line}".rstrip() if in_code else "")
        else:
            lines += textwrap.wrap(
                line,
                WIDTH,
                initial_indent=lead,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def _joined(text: str) -> list[str]:
    """Split text into lines, with the lines of one paragraph put together."""
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        fence = line.startswith("```")
        plain_before = bool(lines and lines[-1]) and not lines[-1].startswith("```")
        if not in_code and not fence and plain_before and line and line[0] not in "-*0123456789":
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line if in_code or fence else line.strip())
        in_code ^= fence
    return lines
