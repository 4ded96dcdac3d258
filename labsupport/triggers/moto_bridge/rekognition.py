"""Rekognition's DetectModerationLabels, which moto lacks.

The lab has no model that could look at pictures, and moto's other answers are canned too: what a
picture "shows" is what the metadata of its object says under ``moderation-label``, and nothing
without it. docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectModerationLabels.html
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

MODULE = "moto.rekognition.responses"
METADATA = "x-amz-meta-moderation-label"
CONFIDENCE = 99.0


class Moderation:
    """The action, from `install` until `close`."""

    def __init__(self, surroundings: object) -> None:
        self._patches = Patches()

    def install(self) -> None:
        """Answer the action as soon as somebody uses Rekognition."""
        self._patches.when_imported(MODULE, self._install)

    def close(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, responses: ModuleType) -> None:
        response = responses.RekognitionResponse
        self._patches.add(response, "detect_moderation_labels", _detect_moderation_labels)


def _detect_moderation_labels(response: Any) -> str:
    from moto.core.exceptions import JsonRESTError

    parameters = json.loads(response.body)
    image = parameters.get("Image", {})
    label = ""
    if place := image.get("S3Object"):
        found = _object(place)
        if found is None:
            raise JsonRESTError(
                "InvalidS3ObjectException",
                "Unable to get object metadata from S3. Check object key, region and/or access "
                "permissions.",
            )
        label = found.metadata.get(METADATA, "")
    shown = label and parameters.get("MinConfidence", 50) <= CONFIDENCE
    labels = [{"Name": label, "ParentName": "", "Confidence": CONFIDENCE}] if shown else []
    return json.dumps({"ModerationLabels": labels, "ModerationModelVersion": "0.0 (lab)"})


def _object(place: dict[str, str]) -> Any:
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    try:
        return s3_backends[ACCOUNT_ID]["aws"].get_object(
            place.get("Bucket", ""), place.get("Name", ""), version_id=place.get("Version")
        )
    except S3ClientError:
        return None
