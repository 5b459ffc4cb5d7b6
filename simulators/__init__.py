"""Simulated machines that publish over MQTT in the hub's native dialect, and their physics.

``python -m simulators`` runs a fleet against a broker. :func:`series` returns labelled readings without a network. This
package never imports the hub: a mistake in shared code would not show. Its layers, lowest first::

    physics    lags, noise, the shape of a day
    faults     what can go wrong, and how to schedule it
    machine    the base of all machines; pump, cold_room, air_handler, greenhouse, ups, tank, sensor
    fleet      which machines a site has
    wire       their readings as topics and payloads
    link       one MQTT connection for each device, with its will
    network    the loop that drives all connections
    site       the clock, and what is sent when
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
    """Return the readings of one machine as ``(seconds, {metric: value})``.

    Args:
        kind: a key of ``KINDS``, such as ``pump``.
        seed: the same seed gives the same readings.
        fault: a fault, described by ``KINDS[kind].faults[fault]``; None: none.
        fault_start: when the fault begins, in seconds.
        duration: time of the last reading, in seconds.
        step: seconds between two readings.
        speed: how fast the fault develops.
        unit: the number of the machine.
        hour: the hour of the day at time 0.

    Raises:
        KeyError: unknown kind.
        ValueError: unknown fault.
    """
    cls = KINDS[kind]
    machine = cls(f"sensor_{unit}" if kind == "sensor" else f"{kind}-{unit:02d}", seed, hour)
    if fault is not None:
        machine.inject(fault, fault_start, speed)
    return ((i * step, machine.step(i * step)) for i in range(int(duration // step) + 1))
