"""Export and import the history as CSV or Parquet tables, streamed."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.schemas.api_object import ApiObject
from hub.api.streamed_exports import Export, ExportSlots
from hub.errors import HubError, Invalid, StoreError, TooBusy
from hub.formats import MEDIA_TYPES, Format
from hub.model import Identity, Input, Introduce
from hub.registry.registry import DeviceRegistry
from hub.services.import_export import ExportRequest, ReadingSource, Room, export_readings, import_readings
from hub.store.base import Store
from hub.worker.table_process import TableProcess

IMPORT = "/api/history/import"
IMPORT_BYTES = 4 << 30
AT_ONCE = 2
MAX_TS = 2**53


_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"content": dict.fromkeys(MEDIA_TYPES.values(), _BYTES)},
    501: {},
}


class SkippedRows(ApiObject):
    """Rows of an imported table that were skipped for one reason. `rows` has the numbers of the first such rows."""

    reason: str
    count: int
    rows: list[int]


class ImportAnswer(ApiObject):
    """Result of an import.

    The table had `read` rows: `added` were new readings, `duplicates` were in the history or earlier in the table, and
    the rows in `skipped` had no reading. `texts` is the number of rows whose value is a text. `devices` is the number
    of devices that were created. `zone` was used for times without a time zone; null if all times have one.
    """

    read: int
    added: int
    devices: int
    duplicates: int
    skipped: list[SkippedRows]
    texts: int
    zone: str | None


def _busy() -> HubError:
    return TooBusy("Other imports are in progress.", "Try again when they are done.", after_s=10)


def routes(
    *,
    registry: DeviceRegistry,
    store: Store,
    readable: ReadingSource,
    submit: Callable[[Input], Awaitable[Any]],
    now: Callable[[], int],
    shutdown: asyncio.Event,
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])
    import_slots, export_slots = ConcurrencyLimit(AT_ONCE, _busy), ExportSlots()
    room = Room(registry.limits.metrics, registry.limits.total_metrics)

    def known(device: str) -> bool:
        return registry.known(device) or device in registry.capacity.left_out

    def unit(device: str, metric: str) -> str | None:
        found = registry.get(device)
        return found.unit(metric) if found else None

    @router.get("/history/export", response_class=Response, responses=EXPORTED)
    async def export_table(
        format: Format = "csv",
        device_id: Annotated[list[str] | None, Query(max_length=1_000)] = None,
        metric: Annotated[str | None, Query(max_length=256)] = None,
        start: Annotated[int, Query(alias="from", ge=0, le=MAX_TS)] = 0,
        end: Annotated[int | None, Query(alias="to", ge=0, le=MAX_TS)] = None,
    ) -> Response:
        """Export readings as a table, one row each: time (UTC), device, metric, value, type, quality and unit.

        `device_id` may be repeated; `metric` is a pattern with `*` and `?`. Without them, all readings are exported.
        `format=parquet` needs the package pyarrow.
        """
        wanted = ExportRequest(start, MAX_TS if end is None else end, tuple(device_id) if device_id else None, metric)
        if wanted.start > wanted.end:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        note(format=format, devices=device_id, metric=metric, start=start, end=end)
        slot, table = export_slots.acquire(), TableProcess()

        async def finish() -> None:
            export_slots.release(slot)
            await table.close()

        try:
            await table.open_for_writing(format)
        except BaseException:
            await finish()
            raise

        async def chunks() -> AsyncGenerator[bytes]:
            async for chunk in export_readings(readable, wanted, table, unit):
                if shutdown.is_set():
                    raise StoreError("The hub is stopping.")  # the client must see that the file is not complete
                yield chunk

        name = {"Content-Disposition": f'attachment; filename="history.{format}"'}
        return Export(chunks(), slot, MEDIA_TYPES[format], name, finish)

    @router.post(
        "/history/import",
        response_model=ImportAnswer,
        max_body_size=IMPORT_BYTES,
        responses={501: {}},
        openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES.values(), _BYTES)}},
    )
    async def import_table(
        request: Request, format: Format = "csv", zone: Annotated[str, Query(max_length=64)] = "UTC"
    ) -> Response:
        """Import a table into the history: an export, or any table with the columns time, device, metric and value.

        Readings that are stored already are not stored again. Unknown devices are created. Latest values and alerts do
        not change. `zone` is the time zone of times without a time zone.
        """

        async def introduce(device: str) -> None:
            await submit(Introduce(Identity(device, device, "native"), now()))

        # On Linux the file has no name, so nothing of it is left if the hub is killed. It is opened by its descriptor.
        linux = sys.platform == "linux"
        with import_slots.acquire(), (tempfile.TemporaryFile if linux else tempfile.NamedTemporaryFile)() as file:
            path = Path(f"/proc/{os.getpid()}/fd/{file.fileno()}" if linux else file.name)
            async with TableProcess() as table:
                await table.open_for_reading(path, format, zone)
                async for block in request.stream():
                    file.write(block)
                file.flush()
                result = await import_readings(store, table.read, room, known, introduce, zone)
        note(format=format, added=result.added, devices=result.devices)
        return Json(ImportAnswer.of(result, skipped=[SkippedRows.of(each) for each in result.skipped]))

    return router
