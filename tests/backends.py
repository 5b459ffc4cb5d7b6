"""Store backends for the conformance suites; add a new backend to ``BACKENDS``.

The suites are test_store.py (commits), test_store_rollups.py (tiers of the history) and test_store_model.py (any order
of events against a plain list). They use only the store's interface and :class:`Backend`.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.store.base import Store
from hub.store.chunks import compaction
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore
from hub.store.wal import memtable as log_module


@dataclass(frozen=True)
class Backend:
    """The operations that the suites need to run one kind of store.

    ``open`` opens or creates the store in a folder. ``crash`` copies to another folder the files that a hub would leave
    if it were killed now. ``clear`` deletes the content of a folder. ``cramped`` makes chunks small, so that few points
    cover every case. ``step`` runs one step of background work. A backend without chunks or background work uses
    :func:`nothing` and :func:`no_step`.
    """

    name: str
    open: Callable[[Path], Store]
    crash: Callable[[Path, Path], object]
    clear: Callable[[Path], object]
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


async def _compact(store: SqlStore) -> None:
    await store._write(store._compact_slice)


def _clear_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


class _Schemas:
    """The stores of the suites on PostgreSQL: a folder stands for a schema of the server that the tests share."""

    def __init__(self) -> None:
        self._names: dict[Path, str] = {}
        self._numbers = count()

    def open(self, folder: Path) -> SqlStore:
        # Only the tests of the tier `cluster` need PostgreSQL and its driver.
        from hub.store.postgresql.store import PostgresStore
        from postgresql_server import shared_server

        if folder not in self._names:
            self._names[folder] = f"hub_{next(self._numbers)}"
        return PostgresStore.open(shared_server().url, self._names[folder])

    def crash(self, folder: Path, after: Path) -> None:
        # Committed data stay; the hub that used the store before loses its lease.
        self._names[after] = self._names[folder]

    def clear(self, folder: Path) -> None:
        self._names.pop(folder, None)


schemas = _Schemas()
BACKENDS = (
    Backend("sqlite", SqliteStore.open, shutil.copytree, _clear_folder, _small_chunks, _compact),
    Backend("postgresql", schemas.open, schemas.crash, schemas.clear, _small_chunks, _compact),
)
PARAMETERS = [
    pytest.param(backend, id=backend.name, marks=[pytest.mark.cluster] if backend.name == "postgresql" else [])
    for backend in BACKENDS
]

each_backend = pytest.mark.parametrize("backend", PARAMETERS)
