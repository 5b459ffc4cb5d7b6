"""The history as tables for other programs, and tables into the history: CSV and Parquet, streamed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.schemas.api_object import ApiObject
from hub.api.streamed_exports import Export, Places
from hub.errors import HubError, Invalid, StoreError, TooBusy
from hub.formats import MEDIA_TYPES, Format
from hub.model import Identity, Input, Introduce
from hub.registry.registry import DeviceRegistry
from hub.services.import_export import ExportRequest, Room, export_readings, import_readings
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
    """``count`` rows held no reading, for this ``reason``; ``rows`` are the numbers of the first of them."""

    reason: str
    count: int
    rows: list[int]


class ImportAnswer(ApiObject):
    """``read`` rows stood in the table. Of these ``added`` are new, ``duplicates`` were there already (or stood in the
    table before), and those in ``skipped`` hold no reading; ``texts`` of them are texts. ``devices`` had not been
    known. ``zone`` was taken for times that name none; it is null if all did."""

    read: int
    added: int
    devices: int
    duplicates: int
    skipped: list[SkippedRows]
    texts: int
    zone: str | None


def _busy() -> HubError:
    return TooBusy("Other tables are being read already.", "Try again when they are done.", after_s=10)


def routes(
    *,
    registry: DeviceRegistry,
    store: Store,
    submit: Callable[[Input], Awaitable[Any]],
    now: Callable[[], int],
    shutdown: asyncio.Event,
) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])
    turns, places = Turns(AT_ONCE, _busy), Places()
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
        """Every reading as a row: time (UTC), device, metric, value, type, quality and unit. ``device_id`` may be
        repeated; ``metric`` is a pattern with * and ?. Without them, everything. ``format=parquet`` needs pyarrow."""
        wanted = ExportRequest(start, MAX_TS if end is None else end, tuple(device_id) if device_id else None, metric)
        if wanted.start > wanted.end:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        place, table = places.take(), TableProcess()

        async def finish() -> None:
            places.leave(place)
            await table.close()

        try:
            await table.open_for_writing(format)
        except BaseException:
            await finish()
            raise

        async def pieces() -> AsyncGenerator[bytes]:
            async for piece in export_readings(store, wanted, table, unit):
                if shutdown.is_set():
                    raise StoreError("The hub is stopping.")  # whoever reads must not take it for the whole
                yield piece

        name = {"Content-Disposition": f'attachment; filename="history.{format}"'}
        return Export(pieces(), place, MEDIA_TYPES[format], name, finish)

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
        """A table as the export gives it, or any with the columns time, device, metric and value, as the body. A
        reading that is there already is not doubled. Nothing but the history changes; unknown devices are made known.
        ``zone`` is that of times which name none.
        """

        async def introduce(device: str) -> None:
            await submit(Introduce(Identity(device, device, "native"), now()))

        with turns.turn(), tempfile.NamedTemporaryFile(prefix="import-") as file:
            async with TableProcess() as table:
                await table.open_for_reading(Path(file.name), format, zone)
                async for block in request.stream():
                    file.write(block)
                file.flush()
                taken = await import_readings(store, table.read, room, known, introduce, zone)
        return Json(ImportAnswer.of(taken, skipped=[SkippedRows.of(each) for each in taken.skipped]))

    return router
