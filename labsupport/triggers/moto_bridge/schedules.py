"""moto's EventBridge Scheduler, which keeps schedules and never calls anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from labsupport.credentials import ACCOUNT_ID
from labsupport.iam import Ask, Caller, decide
from labsupport.iam.moto_policies import trust_policy
from labsupport.patching import Patches

MODULE = "moto.scheduler.models"
SERVICE = "scheduler.amazonaws.com"


@dataclass(frozen=True)
class Schedule:
    """A schedule.

    Args:
        window_minutes: of its flexible time window, 0 for none.
    """

    arn: str
    region: str
    group: str
    name: str
    expression: str
    zone: str
    enabled: bool
    target: Mapping[str, Any]
    start: datetime | None
    end: datetime | None
    window_minutes: int
    delete_after_completion: bool


class Schedules(Protocol):
    """Who calls targets."""

    def check(self, expression: str, zone: str | None) -> str:
        """What is wrong with an expression or a time zone."""

    def follow(self, schedule: Schedule) -> None:
        """A schedule is new or changed."""

    def forget(self, arn: str) -> None:
        """A schedule is gone."""


class Bridge:
    """moto's Scheduler, from `install` until `remove`."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._patches = Patches()

    def install(self) -> None:
        """Follow the schedules that moto keeps."""
        self._patches.when_imported(MODULE, self._install)
        self._patches.when_imported("moto.scheduler.responses", self._install_responses)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, models: Any) -> None:
        backend = models.EventBridgeSchedulerBackend
        self._patches.wrap(backend, "create_schedule", self._put)
        self._patches.wrap(backend, "update_schedule", self._put)
        self._patches.wrap(backend, "delete_schedule", self._delete)
        self._patches.wrap(backend, "delete_schedule_group", self._delete_group)
        # That moto compares with the machine's time; a start in the past does no harm.
        self._patches.replace(models.Schedule, "_validate_start_date", lambda _, start: start)

    def _install_responses(self, responses: Any) -> None:
        response = responses.EventBridgeSchedulerResponse
        self._patches.wrap(response, "update_schedule", self._update)

    def _put(self, original: Any, backend: Any, **asked: Any) -> Any:
        from moto.scheduler.exceptions import ValidationException

        fault = self._schedules.check(
            asked["schedule_expression"], asked["schedule_expression_timezone"]
        ) or _fault_of_role(asked["target"].get("RoleArn", ""))
        if fault:
            raise ValidationException(fault)
        backend.get_schedule_group(asked["group_name"])  # raises where there is none
        schedule = original(backend, **asked)
        self._schedules.follow(_schedule(backend.region_name, schedule))
        return schedule

    def _update(self, original: Any, response: Any) -> Any:
        answer = original(response)
        group, name = response._get_param("GroupName"), response.uri.split("?")[0].split("/")[-1]
        backend = response.scheduler_backend
        schedule = backend.get_schedule(group, name)
        schedule.action_after_completion = response._get_param("ActionAfterCompletion")
        schedule.state = schedule.state or "ENABLED"
        self._schedules.follow(_schedule(backend.region_name, schedule))
        return answer

    def _delete(self, original: Any, backend: Any, group_name: str | None, name: str) -> None:
        arn = backend.get_schedule(group_name, name).arn
        original(backend, group_name, name)
        self._schedules.forget(arn)

    def _delete_group(self, original: Any, backend: Any, name: str | None) -> None:
        group = backend.get_schedule_group(name)
        original(backend, name)
        for schedule in group.schedules.values():
            self._schedules.forget(schedule.arn)


def delete(schedule: Schedule) -> None:
    """Delete a schedule that has been completed, if it is still there."""
    from moto.scheduler.exceptions import ScheduleGroupNotFound, ScheduleNotFound
    from moto.scheduler.models import scheduler_backends

    backend = scheduler_backends[ACCOUNT_ID][schedule.region]
    try:
        backend.delete_schedule(schedule.group, schedule.name)
    except (ScheduleNotFound, ScheduleGroupNotFound):
        return


def _fault_of_role(role: str) -> str:
    trust = trust_policy(role)
    caller = Caller(arn="", service=SERVICE)
    if trust is None or decide(Ask("sts:AssumeRole", role), caller, trust, trust=True):
        return (
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role."
        )
    return ""


def _schedule(region: str, schedule: Any) -> Schedule:
    window = schedule.flexible_time_window or {}
    flexible = window.get("Mode") == "FLEXIBLE"
    return Schedule(
        arn=schedule.arn,
        region=region,
        group=schedule.group_name,
        name=schedule.name,
        expression=schedule.schedule_expression,
        zone=schedule.schedule_expression_timezone,
        enabled=schedule.state != "DISABLED",
        target=dict(schedule.target),
        start=_moment(schedule.start_date),
        end=_moment(schedule.end_date),
        window_minutes=int(window.get("MaximumWindowInMinutes") or 0) if flexible else 0,
        delete_after_completion=schedule.action_after_completion == "DELETE",
    )


def _moment(given: Any) -> datetime | None:
    return None if given is None else datetime.fromtimestamp(float(given), UTC)
