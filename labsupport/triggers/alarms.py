"""CloudWatch alarms, evaluated on the lab clock at the end of each minute.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions.html
An alarm whose metric has no data is not looked at until there are some. Alarms on expressions, on
anomalies and on other alarms keep the state that SetAlarmState gives them; of actions those on
topics and functions are done.
"""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime

from labsupport.clock import Timer

from .alarm_rules import (
    FURTHER_PERIODS,
    Alarm,
    State,
    evaluate,
    lambda_event,
    sns_message,
    state_change,
)
from .calling import call_function, record
from .event_entries import new_event
from .moto_bridge import alarms, events, topics
from .surroundings import Surroundings

MINUTE_S = 60
SERVICE = "lambda.alarms.cloudwatch.amazonaws.com"


class Alarms:
    """Evaluates alarms and does what they are to do when their state changes."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._cloudwatch = surroundings.plane.cloudwatch
        self._lock = threading.Lock()
        self._timer: Timer | None = None
        self._awake: set[tuple[str, str]] = set()
        self._any = False
        self._bridge = alarms.Bridge(self, surroundings.clock)

    def install(self) -> None:
        """Evaluate the alarms that moto keeps."""
        self._bridge.install()
        self._cloudwatch.changed = self.data_changed

    def close(self) -> None:
        """Evaluate no more, and leave moto as it was."""
        self._cloudwatch.changed = None
        self._bridge.remove()

    def data_changed(self) -> None:
        """Metrics have new data. Called for each invocation, so there is little to do."""
        if self._any and self._timer is None:
            self.wake(alarms.names())

    def wake(self, names: set[tuple[str, str]]) -> None:
        """Evaluate alarms, given with their Regions, when the minute ends."""
        with self._lock:
            self._any = True
            self._awake |= names
            if self._awake and self._timer is None:
                end = math.floor(self._clock.time() / MINUTE_S + 1) * MINUTE_S
                self._timer = self._clock.call_at(end, lambda: self._evaluate(end))

    def state_set(self, alarm: Alarm, before: State, now: State) -> None:
        """Somebody has set an alarm's state; it is evaluated again soon."""
        if before.value != now.value:
            self._act(alarm, before, now)
        self.wake({(alarm.region, alarm.name)})

    def _evaluate(self, end: float) -> None:
        with self._lock:
            self._timer = None
            awake, self._awake = self._awake, set()
        again = {key for key in sorted(awake) if self._has_data(*key, end)}
        if again:
            self.wake(again)

    def _has_data(self, region: str, name: str, end: float) -> bool:
        """Evaluate one alarm; False where its metric has no data that count any more."""
        alarm = alarms.find(region, name)
        if alarm is None or not alarm.comparable:
            return False
        reach = (alarm.periods + FURTHER_PERIODS) * alarm.period_s
        statistics = self._cloudwatch.periods(
            region, {**alarm.metric, "Period": alarm.period_s}, end - reach, end
        )
        values = [(begin, known.get(alarm.statistic)) for begin, known in reversed(statistics)]
        found = [(begin, value) for begin, value in values if value is not None]
        before = alarms.state_of(alarm)
        now = evaluate(alarm, found, before.value, datetime.fromtimestamp(end, UTC))
        if now is not None:
            alarms.set_state(alarm, now)
            self._act(alarm, before, now)
        return bool(found)

    def _act(self, alarm: Alarm, before: State, now: State) -> None:
        detail = state_change(alarm, before, now)
        name = "CloudWatch Alarm State Change"
        event = new_event(alarm.region, "aws.cloudwatch", name, detail, now.at)
        event["resources"] = [alarm.arn]
        events.publish(alarm.region, "default", event)
        for arn in alarm.actions[now.value] if alarm.enabled else ():
            error = f"The lab can't do what {arn} stands for."
            service = arn.split(":")[2]
            if service == "sns":
                subject, text = sns_message(alarm, before, now)
                failure = topics.publish(arn, text, subject=subject)
                error = failure.message if failure else ""
            elif service == "lambda":
                failure = call_function(
                    self._surroundings,
                    arn,
                    lambda_event(alarm, before, now),
                    service=SERVICE,
                    source_arn=alarm.arn,
                )
                error = failure.message if failure else ""
            record(self._surroundings, alarm.arn, arn, error)
