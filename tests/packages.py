"""Deployment packages, and what else tests and benchmarks of functions need."""

from __future__ import annotations

import io
import json
import zipfile

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
"""The trust policy of an execution role."""


def zipped(**modules: str) -> bytes:
    """A deployment package of modules given by name."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name}.py", source)
    return package.getvalue()
