"""Tags of functions.

docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..api.limits import check_tags
from ..api.names import function_name
from ..errors import invalid_parameter, no_resource
from .functions import existing, settle
from .store import CHANGING, backend

Change = Callable[[dict[str, str]], dict[str, str]]


def register(actions: Actions) -> None:
    """Answer the actions on tags."""
    actions.add(TagResource=_tag, UntagResource=_untag, ListTags=_list)


def _tag(call: Call) -> None:
    added = call.get("Tags")
    if not added:
        raise invalid_parameter("An error occurred and the request cannot be processed.")
    _change(call, lambda tags: tags | added)


def _untag(call: Call) -> Reply:
    gone = call.get("TagKeys")
    _change(call, lambda tags: {key: value for key, value in tags.items() if key not in gone})
    return Reply()


def _list(call: Call) -> dict[str, Any]:
    return {"Tags": dict(_tagged(call).tags)}


def _change(call: Call, change: Change) -> None:
    with CHANGING:
        resource = _tagged(call)
        changed = change(dict(resource.tags))
        check_tags(changed)
        resource.tags = changed
        if ":function:" in call.get("Resource"):
            settle(function_name(call.region, call.get("Resource")))


def _tagged(call: Call) -> Any:
    arn = call.get("Resource")
    if ":event-source-mapping:" in arn:
        mapping = backend(call.region).get_event_source_mapping(arn.rpartition(":")[2])
        if mapping is None:
            raise no_resource()
        return mapping
    if ":function:" not in arn:
        raise no_resource()
    name = function_name(call.region, arn, action=call.action)
    if name.qualifier:
        raise invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function "
            "ARN."
        )
    return existing(name)
