"""The command ``python -m simulators``: parse the arguments, run a site, stop it on a signal."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from simulators.faults import GATEWAY_LOSS, parse_duration, parse_plan, parse_speed
from simulators.fleet import KINDS, build, check, demo_faults
from simulators.network import Network
from simulators.site import Site

MAX_DEVICES = 10_000
T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulators until SIGINT or SIGTERM. Return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        print(_catalogue())
        return 0
    devices = build(options.devices, options.seed, options.hour)
    plans = [replace(plan, speed=plan.speed * options.speed) for plan in options.fault]
    try:
        for plan in plans:
            check(plan, devices)
        _allow_sockets(len(devices))
    except ValueError as error:
        parser.error(str(error))
    if options.demo_faults:
        plans += demo_faults(devices, options.speed)
    logging.basicConfig(level=logging.INFO, format="simulators: %(message)s", stream=sys.stderr)
    host, port = options.mqtt
    site = Site(devices, Network(host, port, options.root), plans, _print_event, options.interval, options.history)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: site.stop())
    gc.freeze()  # the fleet lives as long as the process: the collector need not visit it
    try:
        _print_event("fleet", {"devices": len(devices), "seed": options.seed, "mqtt": f"{host}:{port}"})
        site.run()
    except BrokenPipeError:
        # The reader of the output is gone. The site has disconnected its devices already.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _print_event(name: str, fields: dict[str, Any]) -> None:
    print(name, json.dumps(fields, ensure_ascii=False), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Simulate machines that publish over MQTT, with faults whose causes are known.",
    )
    add = parser.add_argument
    add(
        "--mqtt",
        type=_checked(_address),
        default=("127.0.0.1", 1883),
        metavar="HOST:PORT",
        help="address of the broker (127.0.0.1:1883)",
    )
    add("--devices", type=_checked(_count), default=24, metavar="N", help="number of devices (24)")
    add("--seed", type=int, default=1, metavar="N", help="seed: the same seed gives the same telemetry (1)")
    add("--root", type=_checked(_root), default="devices", help="the first level of the topics (devices)")
    add(
        "--interval",
        type=_checked(_interval),
        default=2.0,
        metavar="SECONDS",
        help="seconds between two readings of a device (2)",
    )
    add(
        "--history",
        type=_checked(parse_duration),
        default=7200.0,
        metavar="2h",
        help="length of the history that is sent first (2h)",
    )
    add("--fault", type=_checked(parse_plan), action="append", default=[], metavar="DEVICE=FAULT@20s",
        help="schedule a fault; +DURATION ends it, *SPEED accelerates it; may be repeated")  # fmt: skip
    add("--demo-faults", action="store_true", help="schedule the faults of the demo")
    add("--speed", type=_checked(parse_speed), default=1.0, metavar="FACTOR",
        help="speed at which faults develop; at 1, limits are crossed within about half a minute (1)")  # fmt: skip
    add(
        "--hour",
        type=_checked(_hour),
        default=10.0,
        metavar="HOUR",
        help="simulated hour of the day at the start (10)",
    )
    add("--list", action="store_true", help="list machines and faults, and exit")
    return parser


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Return ``parse`` as a type of argparse, with the text of its ValueError as the error."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is not an address: write HOST:PORT, such as 127.0.0.1:1883")
    return host, int(port)


def _number(text: str, low: float, high: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise ValueError(f"{text!r} is not an {what}: write a number from {low:g} to {high:g}")
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DEVICES):
        raise ValueError(f"{text!r} is not a number of devices: write a whole number from 1 to {MAX_DEVICES}")
    return int(text)


def _interval(text: str) -> float:
    return _number(text, 0.05, 3600.0, "interval in seconds")


def _hour(text: str) -> float:
    return _number(text, 0.0, 24.0, "hour of the day")


def _root(text: str) -> str:
    if not re.fullmatch(r"[^/+#\x00][^+#\x00]*(?<!/)", text):
        raise ValueError(f"{text!r} is not a topic root: write one or more levels without +, # or / at the ends")
    return text


def _allow_sockets(devices: int) -> None:
    """Raise the limit of open files, since each device needs a socket. Raises ValueError if that is not permitted."""
    needed = devices + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ValueError(f"{devices} devices need {needed} open files and the system allows {hard}: see ulimit -Hn")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _catalogue() -> str:
    lines = []
    for prefix, kind in KINDS.items():
        numbered = "sensor_1 … sensor_5" if prefix == "sensor" else f"{prefix}-01 …"
        metrics = [f"{name} ({metric.unit})" for name, metric in kind.metrics.items()] + list(kind.flags)
        lines += [f"{numbered}  {kind.manufacturer} {kind.model}", f"  metrics: {', '.join(metrics)}"]
        lines += [f"  {name}: {fault.component}; {', '.join(fault.metrics)}" for name, fault in kind.faults.items()]
    lines.append(f"any device\n  {GATEWAY_LOSS}: its gateway; all devices behind it go offline")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
