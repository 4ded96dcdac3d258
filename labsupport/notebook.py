"""The notebook that code runs in, if it runs in one."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """The shell of the notebook this code runs in, or None outside a notebook."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if getattr(found, "kernel", None) is not None else None
