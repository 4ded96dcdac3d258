"""The services that call functions without waiting for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .alarms import Alarms
from .event_bridge import EventBridge
from .log_subscriptions import LogSubscriptions
from .s3 import S3Notifications
from .scheduler import Scheduler
from .sns import SnsSubscriptions
from .surroundings import Surroundings, Trigger

ASYNCHRONOUS: Sequence[Callable[[Surroundings], Trigger]] = (
    Alarms,
    EventBridge,
    LogSubscriptions,
    S3Notifications,
    Scheduler,
    SnsSubscriptions,
)
