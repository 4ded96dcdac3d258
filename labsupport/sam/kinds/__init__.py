"""The types of resources that `lab.deploy_sam` makes, each by the calls it takes."""

from __future__ import annotations

from . import apis, events, functions, invoking, messaging, roles, storage
from .kind import Kind

KINDS: dict[str, Kind] = {
    **functions.KINDS,
    **invoking.KINDS,
    **roles.KINDS,
    **messaging.KINDS,
    **storage.KINDS,
    **events.KINDS,
    **apis.KINDS,
}
