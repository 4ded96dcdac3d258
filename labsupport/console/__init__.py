"""What a lab does now: a live panel in a notebook, plain tables where no widget runs.

`snapshot` and `happenings` read the lab and its record, `feed` says what has changed, `pulse` tells
the page while one is open, `invoking` invokes what the page asks for, `static` is the page's half.
"""

from .console import Console
from .source import Source

__all__ = ["Console", "Source"]
