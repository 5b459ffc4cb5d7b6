"""The hub's side of a table that a worker process reads or writes.

Each table has its own process, so that analyses of files do not wait for the table, and its memory is freed at the end.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from hub.errors import WorkFailed
from hub.formats import Format, RowBatch
from hub.model import Page
from hub.worker.process import Worker

MEMORY_MB = 1_024
STEP_CPU_S = 120
"""CPU time limit for one batch of rows or one page, in seconds."""

_batch = msgspec.msgpack.Decoder(RowBatch).decode
_encode = msgspec.msgpack.Encoder().encode


class TableProcess:
    """A process of its own that reads or writes one table. It ends with the ``async with`` block in which it is used.

    To read a table, call :meth:`open_for_reading` and then :meth:`read`. To write one, call :meth:`open_for_writing`
    and then :meth:`add`.
    """

    def __init__(self) -> None:
        self._worker = Worker(memory_mb=MEMORY_MB, queue=1, cpu_s=STEP_CPU_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._worker.close()

    @property
    def pid(self) -> int | None:
        return self._worker.pid

    async def open_for_reading(self, file: Path, kind: Format, zone: str = "UTC") -> None:
        """Begin to read a table of the format ``kind``. Raises Invalid for an unknown time zone."""
        await self._worker.run("open_table", b"", path=str(file), format=kind, zone=zone)

    async def read(self) -> RowBatch:
        """Return the next rows of the table. Raises NotInstalled, or WorkFailed if the process has ended."""
        return _batch((await self._step("read_rows"))["batch"])

    async def open_for_writing(self, kind: Format) -> None:
        """Begin to write a table of the format ``kind``. Raises NotInstalled."""
        await self._worker.run("begin_table", b"", format=kind)

    async def add(self, page: Page, unit: str | None) -> bytes:
        """Add the rows of a page to the table, and return the next piece of its file.

        ``unit`` is the unit of the page's values; None if they have none. Raises WorkFailed if the process has ended.
        """
        piece: bytes = (await self._step("add_page", _encode(page), unit=unit))["piece"]
        return piece

    async def end(self) -> bytes:
        piece: bytes = (await self._step("end_table"))["piece"]
        return piece

    async def _step(self, task: str, data: bytes = b"", **options: Any) -> dict[str, Any]:
        before = self._worker.pid
        try:
            return await self._worker.run(task, data, **options)
        except WorkFailed as error:
            if self._worker.pid == before:
                raise  # the process is alive: the table is at fault, and the message says why
            raise WorkFailed(
                f"The process of this table ended: it may have needed more than {MEMORY_MB:,} MB.",
                "Split the table, or write it with smaller row groups and without long texts.",
            ) from error
