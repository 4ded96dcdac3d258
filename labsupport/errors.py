"""Errors a learner may see: one sentence saying what happened, why, and what to do."""


class LabError(Exception):
    """The lab cannot do what was asked; the message is one sentence for the learner."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook: a stack trace of the lab teaches nothing."""
        return [f"{type(self).__name__}: {self}"]


class LabValueError(LabError, ValueError):
    """An argument given to the lab makes no sense."""
