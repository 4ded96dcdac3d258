"""`python -m labsupport serve`: the lab cloud for any AWS SDK or tool."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading

from labsupport.errors import LabError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    options = _parser().parse_args(arguments)
    return serve(port=options.port, speed=options.speed)


def serve(*, port: int, speed: float) -> int:
    """Serve a lab cloud until SIGTERM or Ctrl-C; print what leads other programs to it."""
    over = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, lambda *_: over.set())
    from labsupport.lab import Lab

    try:
        lab = Lab.start(speed=speed, port=port)
    except LabError as error:
        print(f"labsupport serve: {error}", file=sys.stderr)
        return 1
    with lab:
        for name, value in lab.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        print("ready", flush=True)
        while not over.wait(1):  # on Windows a wait without an end hears no Ctrl-C
            pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m labsupport", description="The lab cloud of Cold Start, on its own."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "serve",
        help="serve a lab cloud on 127.0.0.1 until Ctrl-C",
        description="Serve a lab cloud on 127.0.0.1 until SIGTERM or Ctrl-C. The lines it "
        "prints, run in another terminal, lead any AWS SDK or tool to it.",
        epilog="Version 1 of the aws command has an address of its own for sqs, emr, rds, docdb, "
        "neptune and health: give it --endpoint-url $AWS_ENDPOINT_URL there.",
    )
    command.add_argument(
        "--port", type=_port, default=0, metavar="N", help="where to listen (0: any free port)"
    )
    command.add_argument(
        "--speed",
        type=_speed,
        default=60.0,
        metavar="S",
        help="lab seconds for each second (60: a minute takes a second)",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 5 or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (a number from 0 to 65535)")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed (a number above 0)")
    return speed


if __name__ == "__main__":
    sys.exit(main())
