"""Every store that there is, for the suites that hold for all: another one is another line here.

The suites are test_store.py (everything that is committed), test_store_rollups.py (the tiers of the history) and
test_store_model.py (any order of events against a plain list). They use nothing but the interface, and what stands
here: ``cramped`` makes the backend's pieces small, so that few points meet every case, and ``step`` does one step of
what it else does behind the commits. A backend without pieces or steps gives :func:`nothing` and :func:`no_step`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.store.base import Store
from hub.store.chunks import compaction
from hub.store.sqlite import SqliteStore
from hub.store.wal import memtable as log_module


@dataclass(frozen=True)
class Backend:
    """``open`` opens what is in a folder, or begins there; a folder copied while it is open is one after a crash."""

    name: str
    open: Callable[[Path], Store]
    cramped: Callable[[pytest.MonkeyPatch], None]
    step: Callable[[Any], Awaitable[object]]


def nothing(patch: pytest.MonkeyPatch) -> None: ...


async def no_step(store: Store) -> None: ...


def _small_chunks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(compaction, "POINTS", 4)
    patch.setattr(compaction, "SLICE_SERIES", 1)
    patch.setattr(compaction, "SLICE_POINTS", 8)
    patch.setattr(compaction, "DROPPED_POINTS", 5)
    patch.setattr(log_module, "RUN_POINTS", 6)


async def _compact(store: SqliteStore) -> None:
    await store._write(store._compact_slice)


BACKENDS = (Backend("sqlite", SqliteStore.open, _small_chunks, _compact),)

each_backend = pytest.mark.parametrize("backend", BACKENDS, ids=[backend.name for backend in BACKENDS])
