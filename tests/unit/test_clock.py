"""The lab clock: speed, timers, and time that is advanced by hand."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from labsupport.clock import LabClock, Timer
from labsupport.errors import LabError, LabValueError

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DEADLINE = 10.0


class Stopwatch:
    """Real time, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def real() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def clock(real: Stopwatch) -> LabClock:
    return LabClock(60, source=real, start=START, threaded=False)


def test_a_minute_passes_in_a_second(clock: LabClock, real: Stopwatch) -> None:
    assert clock.now() == START
    real.seconds += 1
    assert clock.now() == START + timedelta(minutes=1)
    assert clock.time() == (START + timedelta(minutes=1)).timestamp()
    assert clock.real_seconds(60) == 1


def test_a_new_speed_changes_the_future_only(clock: LabClock, real: Stopwatch) -> None:
    real.seconds += 1
    clock.speed = 1
    assert clock.now() == START + timedelta(seconds=60)
    real.seconds += 5
    assert clock.now() == START + timedelta(seconds=65)
    assert clock.speed == 1


def test_timers_fire_when_due_and_not_before(clock: LabClock, real: Stopwatch) -> None:
    fired: list[str] = []
    clock.call_later(60, lambda: fired.append("minute"))
    clock.call_at(START + timedelta(seconds=120), lambda: fired.append("two"))
    real.seconds += 0.99
    assert clock.fire_due() == 0
    real.seconds += 0.01
    assert clock.fire_due() == 1
    real.seconds += 5
    assert clock.fire_due() == 1
    assert fired == ["minute", "two"]
    assert clock.fire_due() == 0


def test_advance_fires_everything_due_in_order_each_at_its_own_moment(clock: LabClock) -> None:
    seen: list[tuple[str, datetime]] = []

    def note(name: str) -> Any:
        return lambda: seen.append((name, clock.now()))

    clock.call_later(3600, note("hour"))
    clock.call_later(60, note("minute"))
    clock.call_later(60, note("same minute, asked for later"))
    clock.call_later(9 * 3600, note("too late"))
    clock.advance(hours=8)
    assert seen == [
        ("minute", START + timedelta(minutes=1)),
        ("same minute, asked for later", START + timedelta(minutes=1)),
        ("hour", START + timedelta(hours=1)),
    ]
    assert clock.now() == START + timedelta(hours=8)


def test_a_schedule_that_renews_itself_fires_at_every_turn(clock: LabClock) -> None:
    turns: list[datetime] = []

    def every_five_minutes() -> None:
        turns.append(clock.now())
        clock.call_later(300, every_five_minutes)

    clock.call_later(300, every_five_minutes)
    clock.advance(hours=1)
    assert turns == [START + timedelta(minutes=5 * n) for n in range(1, 13)]


def test_time_stands_still_while_advancing(clock: LabClock, real: Stopwatch) -> None:
    def slow() -> None:
        real.seconds += 100

    clock.call_later(1, slow)
    clock.advance(seconds=10)
    assert clock.now() == START + timedelta(seconds=10)
    real.seconds += 1
    assert clock.now() == START + timedelta(seconds=70)


def test_advance_adds_its_parts_up(clock: LabClock) -> None:
    clock.advance(days=1, hours=2, minutes=3, seconds=4.5)
    assert clock.now() == START + timedelta(days=1, hours=2, minutes=3, seconds=4.5)


def test_an_overdue_timer_never_sees_time_run_backwards(clock: LabClock, real: Stopwatch) -> None:
    seen: list[datetime] = []
    clock.call_later(60, lambda: seen.append(clock.now()))
    real.seconds += 10
    clock.advance(seconds=1)
    assert seen == [START + timedelta(seconds=600)]


def test_advance_runs_its_timers_on_the_caller_s_thread(clock: LabClock) -> None:
    threads: list[threading.Thread] = []
    clock.call_later(1, lambda: threads.append(threading.current_thread()))
    clock.advance(seconds=1)
    assert threads == [threading.current_thread()]


def test_a_cancelled_timer_does_not_fire(clock: LabClock) -> None:
    fired: list[int] = []
    timer = clock.call_later(1, lambda: fired.append(1))
    other = clock.call_later(2, lambda: fired.append(2))
    assert timer.cancel()
    assert not timer.cancel()
    clock.advance(seconds=5)
    assert fired == [2]
    assert not other.cancel()


def test_a_timer_may_cancel_another_that_is_due_at_the_same_moment(clock: LabClock) -> None:
    fired: list[str] = []
    others: list[Timer] = []

    def cancel_the_others() -> None:
        for timer in others:
            timer.cancel()

    clock.call_later(1, cancel_the_others)
    others.append(clock.call_later(1, lambda: fired.append("second")))
    clock.advance(seconds=1)
    assert fired == []


def test_a_failing_timer_is_recorded_and_the_others_fire(
    clock: LabClock, caplog: pytest.LogCaptureFixture
) -> None:
    fired: list[int] = []

    def fail() -> None:
        raise ValueError("broken schedule")

    timer = clock.call_later(1, fail)
    clock.call_later(2, lambda: fired.append(2))
    clock.advance(seconds=5)
    assert fired == [2]
    assert clock.now() == START + timedelta(seconds=5)
    [(failed, error)] = clock.errors
    assert failed is timer
    assert str(error) == "broken schedule"
    assert "broken schedule" in caplog.text


def test_an_interrupted_advance_stops_where_it_was(clock: LabClock) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    fired: list[int] = []
    clock.call_later(60, interrupt)
    clock.call_later(120, lambda: fired.append(1))
    with pytest.raises(KeyboardInterrupt):
        clock.advance(hours=1)
    assert clock.now() == START + timedelta(seconds=60)
    clock.advance(seconds=60)
    assert fired == [1]


@pytest.mark.parametrize("action", ["advance", "sleep", "fire_due"])
def test_a_timer_cannot_move_the_clock_that_fires_it(clock: LabClock, action: str) -> None:
    arguments: dict[str, Any] = {"advance": {"seconds": 1}, "sleep": {"lab_seconds": 1}}
    clock.call_later(1, lambda: getattr(clock, action)(**arguments.get(action, {})))
    clock.advance(seconds=1)
    [(_, error)] = clock.errors
    assert isinstance(error, LabError)
    assert "use call_later instead" in str(error)


def test_a_sleeper_wakes_when_time_is_advanced_past_it(clock: LabClock) -> None:
    asleep, woken = threading.Event(), threading.Event()
    original = clock.call_later

    def call_later(seconds: float, function: Any) -> Any:
        timer = original(seconds, function)
        asleep.set()
        return timer

    clock.call_later = call_later  # type: ignore[method-assign]

    def sleeper() -> None:
        clock.sleep(3600)
        woken.set()

    thread = threading.Thread(target=sleeper, daemon=True)
    thread.start()
    assert asleep.wait(DEADLINE)
    clock.advance(minutes=59)
    assert not woken.is_set()
    clock.advance(minutes=1)
    assert woken.wait(DEADLINE)


def test_close_wakes_sleepers_and_cancels_timers(clock: LabClock) -> None:
    fired: list[int] = []
    timer = clock.call_later(1, lambda: fired.append(1))
    thread = threading.Thread(target=clock.sleep, args=(3600,), daemon=True)
    thread.start()
    clock.close()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert timer.cancelled
    clock.call_later(1, lambda: fired.append(2))
    clock.advance(hours=1)
    assert fired == []


def test_between_advances_a_thread_fires_what_falls_due() -> None:
    clock = LabClock(1_000_000)
    try:
        fired = threading.Event()
        clock.call_later(3600, fired.set)
        assert fired.wait(DEADLINE)
    finally:
        clock.close()


def test_the_thread_notices_an_earlier_timer_and_a_new_speed() -> None:
    clock = LabClock(0.001)
    try:
        first, second = threading.Event(), threading.Event()
        clock.call_later(86400, second.set)
        clock.call_later(0, first.set)
        assert first.wait(DEADLINE)
        assert not second.is_set()
        clock.speed = 1e9
        assert second.wait(DEADLINE)
    finally:
        clock.close()


def test_many_threads_may_use_one_clock() -> None:
    clock = LabClock(1_000_000)
    fired: list[int] = []
    lock = threading.Lock()

    def use() -> None:
        for number in range(50):
            clock.call_later(number, count)
            clock.advance(seconds=1)
            clock.now()

    def count() -> None:
        with lock:
            fired.append(1)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    clock.advance(minutes=5)
    clock.close()
    assert len(fired) == 200
    assert not clock.errors


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "60", None, True, 1j])
def test_a_speed_that_is_none_is_one_sentence(speed: Any, clock: LabClock) -> None:
    sentence = "^The lab clock cannot run at speed .*: give a number above 0, .* in a second.$"
    with pytest.raises(LabValueError, match=sentence):
        LabClock(speed)
    with pytest.raises(LabValueError, match=sentence):
        clock.speed = speed


@pytest.mark.parametrize("hours", [-1, float("nan"), float("inf"), "8", None, 1e12])
def test_an_advance_that_is_none_is_one_sentence(hours: Any, clock: LabClock) -> None:
    with pytest.raises(LabValueError, match=r"^The lab clock cannot .*\.$"):
        clock.advance(hours=hours)
    assert clock.now() == START


def test_advance_waits_for_work_and_then_comes_to_what_it_asked_for() -> None:
    clock = LabClock(0.001)
    began, happened = threading.Event(), []

    def work() -> None:
        with clock.working():
            began.set()
            time.sleep(0.2)
            clock.call_later(60, lambda: happened.append("retry"))

    thread = threading.Thread(target=work)
    thread.start()
    began.wait(10)
    clock.advance(seconds=61)
    assert happened == ["retry"]
    thread.join()
    clock.close()
