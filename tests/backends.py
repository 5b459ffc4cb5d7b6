"""Store backends for the conformance suites; add a new backend to ``BACKENDS``.

The suites are test_store.py (commits), test_store_rollups.py (tiers of the history) and test_store_model.py (any order
of events against a plain list). They use only the store's interface and :class:`Backend`.
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
    """How to run one store in the suites.

    ``open`` opens or creates the store in a folder; a copy of an open folder is the state after a crash. ``cramped``
    makes chunks small so that few points reach every case. ``step`` runs one step of background work. A backend
    without chunks or background work uses :func:`nothing` and :func:`no_step`.
    """

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
