"""EventBridge Scheduler: schedules of their own, in any time zone, whose targets are API calls.

docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html
AWS calls within the minute; here a target is called at its moment, and with a flexible window at
one that is the same in every run. Credentials are the role's, so that its policies decide.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from labsupport.credentials import ACCOUNT_ID
from labsupport.functions.workers import Workers

from .delivery import Deliveries, Delivery
from .expressions import At, ExpressionError, Rate, parse_expression
from .moto_bridge import schedules
from .scheduler_targets import SchedulerTargets
from .surroundings import Surroundings
from .timetable import Timetable

WORKERS = 4


class Scheduler:
    """Calls the targets of schedules."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._clock = surroundings.clock
        self._timetable = Timetable(surroundings.clock)
        self._workers = Workers(WORKERS, "lab-schedules")
        targets = SchedulerTargets(surroundings.endpoint)
        self._deliveries = Deliveries(surroundings, targets.send)
        self._bridge = schedules.Bridge(self)

    def install(self) -> None:
        """Follow the schedules that moto keeps."""
        self._bridge.install()

    def close(self) -> None:
        """Call nothing more, and leave moto as it was."""
        self._bridge.remove()
        self._timetable.close()
        self._workers.close()

    def check(self, expression: str, zone: str | None) -> str:
        """What is wrong with a schedule's expression or time zone, "" for nothing."""
        try:
            known = ZoneInfo(zone or "UTC")
        except (ValueError, OSError, KeyError):
            return f"Invalid Schedule Expression Timezone {zone}."
        try:
            parse_expression(expression, known, once=True)
        except ExpressionError:
            return f"Invalid Schedule Expression {expression}."
        return ""

    def follow(self, schedule: schedules.Schedule) -> None:
        """Call a schedule's target from now on, as the schedule is now."""
        if not schedule.enabled:
            self._timetable.forget(schedule.arn)
            return
        self._timetable.follow(
            schedule.arn,
            _moments(schedule, self._clock.now()),
            lambda moment: self._due(schedule, moment),
            lambda: self._completed(schedule),
        )

    def forget(self, arn: str) -> None:
        """Call a schedule's target no more."""
        self._timetable.forget(arn)

    def _completed(self, schedule: schedules.Schedule) -> None:
        if schedule.delete_after_completion:
            schedules.delete(schedule)

    def _due(self, schedule: schedules.Schedule, moment: datetime) -> None:
        window_s = schedule.window_minutes * 60
        if window_s:
            chance = zlib.crc32(f"{schedule.arn} {moment}".encode())
            self._clock.call_later(chance % window_s, lambda: self._fire(schedule, moment))
        else:
            self._fire(schedule, moment)

    def _fire(self, schedule: schedules.Schedule, moment: datetime) -> None:
        """Call the target on another thread, while the clock waits if it is advanced."""
        self._workers.submit_holding(
            self._clock, lambda: self._deliveries.begin(_delivery(schedule, moment))
        )


def _moments(schedule: schedules.Schedule, now: datetime) -> Iterator[datetime]:
    """When a schedule is due from now on, between its start and its end."""
    expression = parse_expression(schedule.expression, ZoneInfo(schedule.zone), once=True)
    if isinstance(expression, At):  # which has neither a start nor an end
        yield from expression.moments(now, now)
        return
    start = schedule.start or now
    earliest = max(now, start) - timedelta(microseconds=isinstance(expression, Rate) or start > now)
    for moment in expression.moments(earliest, start):
        if schedule.end and moment > schedule.end:
            return
        yield moment


def _delivery(schedule: schedules.Schedule, moment: datetime) -> Delivery:
    scheduled, execution = moment.strftime("%Y-%m-%dT%H:%M:%SZ"), str(uuid.uuid4())
    context = {
        "schedule-arn": schedule.arn,
        "scheduled-time": scheduled,
        "execution-id": execution,
    }
    text = schedule.target.get("Input")
    if text is None:
        text = json.dumps(_event(schedule, scheduled))
    for name, value in context.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    about = {
        "SCHEDULE_ARN": schedule.arn,
        "SCHEDULED_TIME": scheduled,
        "EXECUTION_ID": execution,
        "IS_PAYLOAD_TRUNCATED": "false",
    }
    return Delivery(schedule.arn, schedule.target, text, text, about)


def _event(schedule: schedules.Schedule, scheduled: str) -> Mapping[str, Any]:
    """What a target gets without an Input of its own."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT_ID,
        "time": scheduled,
        "region": schedule.region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
