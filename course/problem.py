"""The one exception whose message is meant for the person at the keyboard."""


class Problem(Exception):
    """Something the user can mend: its message is one sentence saying what, why and what to do."""
