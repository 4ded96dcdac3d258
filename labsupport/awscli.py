"""Endpoint rules that keep the `aws` command inside the lab.

Version 1 of the command line ignores AWS_ENDPOINT_URL for a few services: it fills in an address
of its own (`awscli/customizations/overridesslcommonname.py`). What an SDK does with an address is
decided by the service's endpoint rules, and AWS_DATA_PATH lets us give it those: rules that know
the lab alone. https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from labsupport.errors import LabError

# Every service the command line gives an address of its own, with its API version.
REDIRECTED = (
    "docdb/2014-10-31",
    "emr/2009-03-31",
    "health/2016-08-04",
    "neptune/2014-10-31",
    "rds/2014-10-31",
    "sqs/2012-11-05",
)


class EndpointRules:
    """A folder for AWS_DATA_PATH whose rules lead to `endpoint`, until `remove` is called."""

    def __init__(self, endpoint: str) -> None:
        try:
            self.path = Path(tempfile.mkdtemp(prefix="cold-start-lab-"))
            self._write(endpoint)
        except OSError as error:
            raise LabError(
                f"The lab cannot write to its folder for temporary files ({error.strerror}): "
                "make room there, or name another with the variable TMPDIR."
            ) from None

    def _write(self, endpoint: str) -> None:
        rule = {
            "type": "endpoint",
            "conditions": [],
            "endpoint": {"url": endpoint, "properties": {}, "headers": {}},
        }
        rules = json.dumps({"version": "1.0", "parameters": {}, "rules": [rule]})
        for service in REDIRECTED:
            folder = self.path / service
            folder.mkdir(parents=True)
            (folder / "endpoint-rule-set-1.json").write_text(rules, encoding="utf-8")

    def remove(self) -> None:
        """Delete the folder. Calling it twice does no harm."""
        shutil.rmtree(self.path, ignore_errors=True)
