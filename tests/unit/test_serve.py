"""`python -m labsupport serve`: the lab cloud for other programs."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
AWS = Path(sys.executable).with_name("aws")
EXPORTS = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
)
Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "labsupport", "serve", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read what a server prints until it is ready."""
    assert process.stdout is not None
    found = {}
    for name in EXPORTS:
        line = process.stdout.readline()
        match = re.fullmatch(r"export ([A-Z_]+)=(\S+)\n", line)
        assert match, line or process.communicate()
        assert match[1] == name
        found[name] = match[2]
    assert process.stdout.readline() == "ready\n"
    return found


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    return process.returncode, out, err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_four_exports_serves_and_ends_cleanly(serve: Serve, number: int) -> None:
    process = serve("--port", "0", "--speed", "120")
    found = exports(process)
    done = subprocess.run(
        [str(AWS), "lambda", "list-functions", "--output", "text", "--query", "length(Functions)"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **found},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    stranger = boto3.client(
        "s3",
        endpoint_url=found["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="AKIAZZZZZZZZZZZZZZZZ",
        aws_secret_access_key="x",
    )
    with pytest.raises(stranger.exceptions.ClientError, match="InvalidAccessKeyId"):
        stranger.list_buckets()
    assert end(process, number) == (0, "", "")


def test_a_given_port_is_served(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert exports(serve("--port", str(port)))["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_one_sentence(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = serve("--port", str(port))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(rf"labsupport serve: Port {port} on 127.0.0.1 cannot be used .*\.\n", err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "eighty"], "'eighty' is not a port"),
        (["--port", "70000"], "'70000' is not a port"),
        (["--port", "-1"], "is not a port"),
        (["--speed", "0"], "'0' is not a speed"),
        (["--speed", "nan"], "'nan' is not a speed"),
        (["--speed", "fast"], "'fast' is not a speed"),
        (["--region", "x"], "unrecognized arguments"),
    ],
)
def test_nonsense_is_a_usage_error(serve: Serve, arguments: list[str], said: str) -> None:
    process = serve(*arguments)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
