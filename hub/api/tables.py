"""The history as tables for other programs, and tables into the history: CSV and Parquet, streamed."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse
from typing_extensions import TypedDict

from hub.api.patience import in_time
from hub.api.problems import Json
from hub.api.services import Services
from hub.api.turns import Turns
from hub.errors import HubError, Invalid, StoreBusy, StoreError
from hub.model import Identity, Introduce
from hub.tables import MEDIA_TYPES, Format, new_table, read_table
from hub.transfer import Wanted, bring_in, export

IMPORT = "/api/history/import"
IMPORT_BYTES = 4 << 30
AT_ONCE = 2
MAX_TS = 2**53


class ImportAnswer(TypedDict):
    """``read`` rows stood in the table, ``added`` were new, ``devices`` had not been known."""

    read: int
    added: int
    devices: int


def _busy() -> HubError:
    return StoreBusy("Other tables are being read or written already.", "Try again when they are done.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["history"])
    fleet, store, now = services.fleet, services.store, services.now
    turns = Turns(AT_ONCE, _busy)
    submit = in_time(services.inbox.submit)

    def unit(device: str, metric: str) -> str | None:
        found = fleet.get(device)
        return found.unit(metric) if found else None

    @router.get("/history/export", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def export_table(
        format: Format = "csv",
        device_id: Annotated[list[str] | None, Query(max_length=1_000)] = None,
        metric: Annotated[str | None, Query(max_length=256)] = None,
        start: Annotated[int, Query(alias="from", ge=0, le=MAX_TS)] = 0,
        end: Annotated[int | None, Query(alias="to", ge=0, le=MAX_TS)] = None,
    ) -> Response:
        """Every reading as a row: time (UTC), device, metric, value, type, quality and unit. ``device_id`` may be
        repeated; ``metric`` is a pattern with * and ?. Without them, everything. ``format=parquet`` needs pyarrow."""
        wanted = Wanted(start, MAX_TS if end is None else end, tuple(device_id) if device_id else None, metric)
        if wanted.start > wanted.end:
            raise Invalid('"from" is later than "to".', "Both are epoch milliseconds.")
        turn = turns.turn()
        turn.__enter__()

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in export(store, wanted, table, unit):
                    if services.shutdown.is_set():
                        raise StoreError("The hub is stopping.")  # whoever reads must not take it for the whole
                    yield piece
            finally:
                turn.__exit__(None, None, None)

        try:
            table = new_table(format)
        except BaseException:
            turn.__exit__(None, None, None)
            raise
        name = f'attachment; filename="history.{format}"'
        return StreamingResponse(pieces(), media_type=MEDIA_TYPES[format], headers={"Content-Disposition": name})

    @router.post(
        "/history/import",
        response_model=ImportAnswer,
        max_body_size=IMPORT_BYTES,
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}}}},
    )
    async def import_table(request: Request, format: Format = "csv") -> Response:
        """A table as the export gives it, or any with the columns time, device, metric and value, as the body. A
        reading that is there already is not doubled. Nothing but the history changes; unknown devices are made known.
        """
        with turns.turn(), tempfile.NamedTemporaryFile(prefix="import-") as file:
            async for block in request.stream():
                file.write(block)
            file.flush()

            async def introduce(device: str) -> None:
                await submit(Introduce(Identity(device, device, "native"), now()))

            taken = await bring_in(store, read_table(Path(file.name), format), fleet.known, introduce)
        answer: ImportAnswer = {"read": taken.read, "added": taken.added, "devices": taken.devices}
        return Json(answer)

    return router
