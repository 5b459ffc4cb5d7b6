"""Find out how much memory this process may use: all memory of the machine, or less if a cgroup or ulimit says so.

The limit is read when the hub starts. A later change applies from the next start on.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import NamedTuple

import psutil

from hub.registry.capacity import METRIC_BYTES

SHARE = 0.6
"""Fraction of the free memory that devices may use. The rest is for pending messages, queries and connected pages."""
RESERVED = 200_000_000
RESERVED_ADDRESSES = 450_000_000
"""Bytes of memory (RESERVED) and bytes of address space (RESERVED_ADDRESSES) that a hub without devices needs.

A process reserves more address space than it uses memory.
"""
MIN_METRICS = 20_000
MAX_METRICS = 50_000_000


class MemoryLimit(NamedTuple):
    """A limit on the memory of this process, in bytes."""

    bytes: int
    source: str  # name of the limit for messages, such as "the machine's memory"
    addresses: bool = False  # True if the limit is on address space

    @property
    def metrics(self) -> int:
        """The number of metrics that fit into the memory that devices may use."""
        free = self.bytes - (RESERVED_ADDRESSES if self.addresses else RESERVED)
        return max(MIN_METRICS, min(MAX_METRICS, int(free * SHARE) // METRIC_BYTES))


def memory_limit(root: Path = Path("/")) -> MemoryLimit:
    """Return the memory limit of this process: of all limits that apply, the one that allows the fewest metrics.

    ``root`` is the folder that contains ``proc`` and ``sys``; tests use another one.
    """
    found = [MemoryLimit(psutil.virtual_memory().total, "the machine's memory")]
    found += [MemoryLimit(size, "the cgroup's memory limit") for size in _cgroups(root)]
    for kind, name in ((resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA")):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            found.append(MemoryLimit(soft, f"{name} (ulimit)", addresses=True))
    return min(found, key=lambda limit: limit.metrics)


def _cgroups(root: Path) -> list[int]:
    """Return the memory limits of this process's control groups (cgroups) and their parent groups, in bytes.

    Both version 1 and version 2 of cgroups are supported.
    """
    sizes = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        folder = root / "sys/fs/cgroup" / top
        group = folder / path.lstrip("/")
        # The limits of all parent groups apply. A container may see its own group as the root, without the path.
        for each in (group, *group.parents):
            if each == folder or folder in each.parents:
                text = _text(each / name).strip()
                sizes += [int(text)] if text.isdigit() and int(text) < 1 << 60 else []
    return sizes


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, ValueError):
        return ""
