"""How much memory this process may have: the least of what the machine has and what limits were set.

Read once, at the start: a limit that is lowered later holds from the next start on.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import NamedTuple

import psutil

from hub.registry.capacity import METRIC_BYTES

SHARE = 0.6
"""Of what is left beside the hub itself: messages on their way, queries and viewers take memory too."""
RESERVED = 200_000_000
RESERVED_ADDRESSES = 450_000_000
"""What a hub without devices takes: of memory, and of addresses, which are reserved long before they are used."""
LEAST = 20_000
MOST = 50_000_000


class MemoryLimit(NamedTuple):
    """``bytes`` for this process, and what sets it. ``addresses`` says that the limit is one of addresses."""

    bytes: int
    source: str
    addresses: bool = False

    @property
    def metrics(self) -> int:
        """Return how many metrics fit."""
        free = self.bytes - (RESERVED_ADDRESSES if self.addresses else RESERVED)
        return max(LEAST, min(MOST, int(free * SHARE) // METRIC_BYTES))


def memory_limit(root: Path = Path("/")) -> MemoryLimit:
    """Return the limit that allows the fewest metrics. ``root`` is where /proc and /sys are."""
    found = [MemoryLimit(psutil.virtual_memory().total, "the machine's memory")]
    found += [MemoryLimit(size, "the cgroup's memory limit") for size in _cgroups(root)]
    for kind, name in ((resource.RLIMIT_AS, "RLIMIT_AS"), (resource.RLIMIT_DATA, "RLIMIT_DATA")):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            found.append(MemoryLimit(soft, f"{name} (ulimit)", addresses=True))
    return min(found, key=lambda limit: limit.metrics)


def _cgroups(root: Path) -> list[int]:
    """Return the limits of this process's control groups, of version 2 and 1."""
    sizes = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        folder = root / "sys/fs/cgroup" / top
        group = folder / path.lstrip("/")
        # The limit of a group holds for those in it; inside a container its own group may be the top.
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
