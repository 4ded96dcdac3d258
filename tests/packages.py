"""Deployment packages for tests and benchmarks."""

from __future__ import annotations

import io
import zipfile


def zipped(**modules: str) -> bytes:
    """A deployment package of modules given by name."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name}.py", source)
    return package.getvalue()
