"""Runs a learner's code with a deadline and bounded output, and reads its errors in one line."""

from __future__ import annotations

import ctypes
import io
import linecache
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from types import FrameType, TracebackType
from typing import Any

_REPEAT_S = 0.2
_KEPT_CHARACTERS = 2_000


class DeadlinePassed(BaseException):
    """The code under check used up its time; no `except Exception` of a learner stops it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raises DeadlinePassed in the block when it runs longer than this.

    In the main thread on Linux and macOS an alarm signal ends Python code and calls that wait,
    such as `time.sleep`. In other threads and on Windows only Python code can be ended, and a call
    that waits is ended when it returns. Nowhere can C code that never returns to Python be ended:
    interrupt or restart the kernel for that.
    """
    in_main = threading.current_thread() is threading.main_thread()
    armed = _alarm(seconds) if in_main and hasattr(signal, "setitimer") else _watchdog(seconds)
    with armed:
        yield


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    active = True

    def ring(_signal: int, frame: FrameType | None) -> None:
        if active:
            _end_each_line(frame, at_each_line)
            raise DeadlinePassed

    def at_each_line(_frame: FrameType, event: str, _argument: object) -> Any:
        if active and event == "line":
            raise DeadlinePassed
        return at_each_line if active else None

    tracer = sys.gettrace()
    earlier = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    remaining, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT_S)
    try:
        yield
    finally:
        active = False
        sys.settrace(tracer)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
        if remaining:
            left = remaining - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), interval)


def _end_each_line(frame: FrameType | None, tracer: Any) -> None:
    """Has the tracer raise at every further line, for loops that swallow whatever is raised."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__":
            frame.f_trace = tracer
        frame = frame.f_back
    sys.settrace(lambda *_: None)


@contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    thread = ctypes.c_ulong(threading.get_ident())
    interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc
    lock = threading.Lock()
    finished = threading.Event()

    def watch() -> None:
        wait = seconds
        while not finished.wait(wait):
            with lock:
                if not finished.is_set():
                    interrupt(thread, ctypes.py_object(DeadlinePassed))
            wait = _REPEAT_S

    threading.Thread(target=watch, name="check deadline", daemon=True).start()
    try:
        yield
    finally:
        finished.set()
        with lock:
            interrupt(thread, None)


class Output:
    """What was printed in a `captured` block: its beginning, and how many bytes there were."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self.stream = io.TextIOWrapper(
            io.BufferedWriter(self._sink), "utf-8", "replace", newline="", write_through=True
        )

    @property
    def text(self) -> str:
        """The first characters printed, with a note when there were more."""
        with suppress(ValueError, OSError):
            self.stream.flush()
        text = bytes(self._sink.kept).decode("utf-8", "replace")
        dropped = self._sink.size - len(self._sink.kept)
        return f"{text}… ({dropped:,} bytes more)" if dropped else text


class _Sink(io.RawIOBase):
    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self.size += view.nbytes
        self.kept += view[: max(0, _KEPT_CHARACTERS - len(self.kept))]
        return view.nbytes


@contextmanager
def captured() -> Iterator[Output]:
    """Keeps what is printed in the block off the page."""
    output = Output()
    with redirect_stdout(output.stream), redirect_stderr(output.stream):
        yield output


def last_line(error: BaseException) -> str:
    """What the error's traceback ends with, such as "KeyError: 'name'", on one line and cut."""
    try:
        with deadline(1):
            text = traceback.format_exception_only(error)[-1].strip()
    except BaseException:  # noqa: BLE001 - an exception of the learner's may fail at being printed
        text = f"{type(error).__name__} (it cannot be printed)"
    return shorten(" ".join(text.split()) or type(error).__name__)


def place_in_cell(trace: TracebackType | None) -> str | None:
    """Where in the learner's own cells the error came from, None when no such line was running."""
    place = None
    for frame, line in traceback.walk_tb(trace):
        if frame.f_globals.get("__name__") == "__main__":
            code = frame.f_code
            source = shorten(linecache.getline(code.co_filename, line).strip(), 100)
            inside = "" if code.co_name == "<module>" else f", in `{code.co_name}`"
            place = f"line {line} of your cell{inside}" + (f": `{source}`" if source else "")
    return place


def shorten(text: str, limit: int = 300) -> str:
    """The text, cut in the middle when it is longer than this many characters."""
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]} … {text[-half:]}"
