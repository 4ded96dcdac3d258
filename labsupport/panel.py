"""The lab's status panel: what runs, where, and that nothing of it reaches AWS."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

PROMISE = "Nothing here reaches AWS."


@dataclass(frozen=True, slots=True)
class Status:
    """What the panel tells about a lab."""

    running: bool
    endpoint: str
    region: str
    account_id: str
    isolation: str
    python: str
    speed: float
    iam: bool = False

    @property
    def headline(self) -> str:
        """Say in one line whether the lab runs."""
        return f"Lab cloud running. {PROMISE}" if self.running else "Lab cloud stopped."

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The panel's rows, label and value."""
        rows = [
            ("Endpoint", self.endpoint),
            ("Region", self.region),
            ("Account", self.account_id),
            ("Isolation", self.isolation),
            ("Handlers run on", f"Python {self.python}"),
            ("Lab clock", describe_speed(self.speed)),
        ]
        return [*rows, ("IAM", "policies decide every call")] if self.iam else rows


def describe_speed(speed: float) -> str:
    """Say what a clock speed means for something that takes a minute on AWS."""
    if speed == 1:
        return "real time"
    seconds = 60 / speed
    unit = "second" if f"{seconds:g}" == "1" else "seconds"
    faster = f"{speed:g}× faster" if speed > 1 else f"{1 / speed:g}× slower"
    return f"{faster}: a minute on AWS takes {seconds:g} {unit} here"


def as_text(status: Status) -> str:
    """Draw the panel as plain text."""
    if not status.running:
        return status.headline
    width = max(len(label) for label, _ in status.rows)
    return "\n".join(
        [status.headline, *(f"  {label:<{width}}  {value}" for label, value in status.rows)]
    )


def as_html(status: Status) -> str:
    """Draw the panel as HTML in the page's own colours, without scripts."""
    if not status.running:
        return f"<p><strong>{status.headline}</strong></p>"
    head = 'scope="row" style="text-align: left; font-weight: 600"'
    cell = 'style="text-align: left"'
    rows = "\n".join(
        f"<tr><th {head}>{escape(label)}</th><td {cell}>{escape(value)}</td></tr>"
        for label, value in status.rows
    )
    caption = 'style="caption-side: top; text-align: left; color: inherit; padding: 0.25em 0"'
    return (
        '<table style="margin: 0; border-left: 0.25em solid currentColor">\n'
        f"<caption {caption}><strong>{escape(status.headline)}</strong></caption>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )
