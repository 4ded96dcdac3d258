"""moto's list of event source mappings, led to ours: for tags and for CloudFormation.

moto's own mappings would deliver within the producer's call, so none is made known to a source.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from labsupport.functions.api.api_model import Call
from labsupport.functions.errors import ServiceError
from labsupport.patching import Patches


def lead(
    patches: Patches,
    find: Callable[[str, str], Any],
    create: Callable[[Call], dict[str, Any]],
    delete: Callable[[Call], Any],
) -> None:
    """Ask `find` for a mapping of a Region by its UUID; create and delete what stacks name."""
    from moto.awslambda.models import EventSourceMapping, LambdaBackend

    def created(original: Any, backend: Any, spec: dict[str, Any]) -> Any:
        shown = create(Call("CreateEventSourceMapping", backend.region_name, spec))
        named = {"RegionName": backend.region_name, "AccountId": backend.account_id}
        arn = shown["FunctionArn"]
        mapping = EventSourceMapping({**spec, **named, "FunctionArn": arn})  # type: ignore[abstract]
        mapping.uuid = shown["UUID"]
        backend._event_source_mappings[mapping.uuid] = mapping
        return mapping

    def deleted(original: Any, backend: Any, uuid: str) -> Any:
        with contextlib.suppress(ServiceError):  # it may be gone by now
            delete(Call("DeleteEventSourceMapping", backend.region_name, {"UUID": uuid}))
        return original(backend, uuid)

    def found(original: Any, backend: Any, uuid: str) -> Any:
        return find(backend.region_name, uuid)

    patches.wrap(LambdaBackend, "create_event_source_mapping", created)
    patches.wrap(LambdaBackend, "delete_event_source_mapping", deleted)
    patches.wrap(LambdaBackend, "get_event_source_mapping", found)
