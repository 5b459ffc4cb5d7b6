"""Find out how much memory this process may use: the machine's memory, or the lowest limit that is set.

The limit is read once, when the hub starts. A limit that is changed later applies from the next start on.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import NamedTuple

import psutil

from hub.registry.capacity import METRIC_BYTES

SHARE = 0.6
"""The part of the free memory that devices may use. The rest is for pending messages, queries and connected pages."""
RESERVED = 200_000_000
RESERVED_ADDRESSES = 450_000_000
"""Bytes of memory (RESERVED) and of address space that a hub without devices needs.

Address space is reserved long before it is used, so it is the larger number.
"""
MIN_METRICS = 20_000
MAX_METRICS = 50_000_000


class MemoryLimit(NamedTuple):
    """A limit on the memory of this process, in bytes."""

    bytes: int
    source: str  # what sets the limit
    addresses: bool = False  # it limits the address space

    @property
    def metrics(self) -> int:
        """The number of metrics that fit into the memory that devices may use."""
        free = self.bytes - (RESERVED_ADDRESSES if self.addresses else RESERVED)
        return max(MIN_METRICS, min(MAX_METRICS, int(free * SHARE) // METRIC_BYTES))


def memory_limit(root: Path = Path("/")) -> MemoryLimit:
    """Return the strictest limit, which allows the fewest metrics.

    ``root`` is the folder that contains /proc and /sys.
    """
    found = [MemoryLimit(psutil.virtual_memory().total, "the machine's memory")]
    found += [MemoryLimit(size, "the cgroup's memory limit") for size in _cgroups(root)]
    for kind, name in ((resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA")):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            found.append(MemoryLimit(soft, f"{name} (ulimit)", addresses=True))
    return min(found, key=lambda limit: limit.metrics)


def _cgroups(root: Path) -> list[int]:
    """Return the memory limits of this process's control groups and their parents, in bytes.

    Both cgroup version 1 and version 2 are read.
    """
    sizes = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        folder = root / "sys/fs/cgroup" / top
        group = folder / path.lstrip("/")
        # The limits of all parent groups apply. Inside a container, its own group may be the top.
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
