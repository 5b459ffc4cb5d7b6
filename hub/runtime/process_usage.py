"""CPU and memory usage of this process."""

from __future__ import annotations

import time

import msgspec
import psutil


class ProcessUsage(msgspec.Struct, frozen=True):
    """Usage of this process: ``cpu`` in percent of one core since the last measurement, ``rss`` in bytes."""

    cpu: float
    rss: int


class UsageMeter:
    """Measures the CPU and memory usage of this process when called, at most once a second.

    A call that comes sooner returns the last measurement again.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._measured = 0.0
        self._usage = ProcessUsage(0.0, self._process.memory_info().rss)

    def __call__(self) -> ProcessUsage:
        if time.monotonic() - self._measured >= 1.0:
            self._measured = time.monotonic()
            self._usage = ProcessUsage(self._process.cpu_percent(), self._process.memory_info().rss)
        return self._usage
