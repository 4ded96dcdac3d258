"""Which environment serves an invocation, while others come to rest."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labsupport.clock import LabClock
from labsupport.functions.api.actions import Actions, Reply
from labsupport.functions.assignment import pool as pools
from labsupport.functions.assignment.pool import EnvironmentPool
from labsupport.functions.environments.environment import ExecutionEnvironment
from labsupport.functions.model import FunctionVersion
from tests.unit.test_functions_environment import Workbench


class Assigned:
    """A pool and what it was asked to do later."""

    def __init__(self, bench: Workbench) -> None:
        self.clock = LabClock(threaded=False)
        self.pool = EnvironmentPool(bench.host, self.clock, lambda function: None)
        self.function: FunctionVersion = bench.environment("").function
        self.left: list[Callable[[], None]] = []

    def environment(self) -> ExecutionEnvironment:
        with self.pool.assign(self.function, defer=self.left.append) as environment:
            return environment


@pytest.fixture
def assigned(tmp_path: Path) -> Iterator[Assigned]:
    bench = Workbench(tmp_path, "folders")
    found = Assigned(bench)
    yield found
    for rest in found.left:
        rest()
    found.pool.close()
    bench.close()


def test_the_next_invocation_waits_for_an_environment_to_rest(
    assigned: Assigned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "REST_S", 60)
    first = assigned.environment()
    found: list[ExecutionEnvironment] = []
    waiting = threading.Thread(target=lambda: found.append(assigned.environment()))
    waiting.start()
    waiting.join(0.1)
    assert not found
    assigned.left.pop()()
    waiting.join(30)
    assert found == [first]


def test_an_environment_that_does_not_come_to_rest_holds_up_nobody(
    assigned: Assigned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "REST_S", 0.01)
    first = assigned.environment()
    second = assigned.environment()
    assert second is not first
    for rest in assigned.left:
        rest()
    assigned.left.clear()
    assert assigned.environment() in (first, second)


def test_an_environment_is_idle_from_its_response_on(assigned: Assigned) -> None:
    first = assigned.environment()
    assigned.clock.advance(hours=7)
    assigned.left.pop()()
    assert assigned.environment() is not first


def test_one_that_cannot_come_to_rest_is_not_used_again(
    assigned: Assigned, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError

    first = assigned.environment()
    monkeypatch.setattr(first, "rest", broken)
    with pytest.raises(RuntimeError):
        assigned.left.pop()()
    assert assigned.environment() is not first


@pytest.mark.parametrize("leaves", [False, True])
def test_what_comes_afterwards_waits_until_the_caller_has_the_answer(*, leaves: bool) -> None:
    done: list[str] = []
    actions = Actions(lambda environ, start_response: [])
    actions.add(
        GetAccountSettings=lambda call: Reply(b"{}", afterwards=(lambda: done.append("x"),))
    )
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/2016-08-19/account-settings/",
        "wsgi.input": io.BytesIO(),
    }
    body: Any = actions.app(environ, lambda *_: lambda _: None)
    assert next(body) == b"{}"
    assert done == []
    if leaves:
        body.close()
    else:
        assert list(body) == []
    assert done == ["x"]
