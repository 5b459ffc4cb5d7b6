"""Simulated machines that speak the hub's native dialect over MQTT, and the pure physics behind them.

``python -m simulators`` runs a fleet against a broker. ``series`` gives labelled readings without any
network. This package never imports the hub: a mistake shared by both sides would be invisible. Its floors,
lowest first:

    physics    lags, noise, the shape of a day
    faults     what can go wrong, and the words to schedule it
    machine    the base of all machines; pump, cold_room, air_handler, greenhouse, ups, tank, sensor: one each
    fleet      which machines a site has
    wire       their readings as topics and payloads
    link       MQTT: one connection a device, with its will
    network    the one loop that drives all connections
    site       the clock that ties them together
"""

from __future__ import annotations

from collections.abc import Iterator

from simulators.fleet import KINDS
from simulators.machine import Machine, Readings

__all__ = ["KINDS", "Machine", "Readings", "series"]


def series(
    kind: str,
    seed: int,
    fault: str | None = None,
    fault_start: float = 3600.0,
    duration: float = 7200.0,
    step: float = 10.0,
    *,
    speed: float = 1.0,
    unit: int = 1,
    hour: float = 10.0,
) -> Iterator[tuple[float, Readings]]:
    """Readings of one machine as ``(seconds, {metric: value})``, from 0 on, every ``step`` seconds.

    ``kind`` is a key of ``KINDS`` (``"pump"``); ``unit`` its number; ``fault`` begins ``fault_start``
    seconds in, and its truth is ``KINDS[kind].faults[fault]``. Raises KeyError for an unknown kind and
    ValueError for an unknown fault, both at once rather than at the first reading.
    """
    cls = KINDS[kind]
    machine = cls(f"sensor_{unit}" if kind == "sensor" else f"{kind}-{unit:02d}", seed, hour)
    if fault is not None:
        machine.inject(fault, fault_start, speed)
    return ((i * step, machine.step(i * step)) for i in range(int(duration // step) + 1))
