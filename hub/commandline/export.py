"""``hub export`` and ``hub import``: write readings to CSV or Parquet tables, and read them from such tables.

Both work whether a hub is running on the data folder or not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import logging
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from hub.assembly.database import open_idle, open_read_only
from hub.assembly.from_settings import registry_limits
from hub.commandline.running_hub import connection_to, waiting_for
from hub.commandline.settings import require_hub_folder, running_settings_from
from hub.errors import Conflict, HubError, InUse, Invalid, NotConnected, NotFound
from hub.formats import Format, zone_of
from hub.formats.cells import time_of
from hub.model import Identity
from hub.registry.registry import DeviceRegistry
from hub.runtime.clock import now_ms
from hub.runtime.private_files import replacing
from hub.runtime.settings import Settings, StoreSection
from hub.services.import_export import ExportRequest, ImportResult, Room, export_readings, import_readings
from hub.store.base import Delta
from hub.store.lock import DirectoryLock
from hub.store.rows import Unreadable
from hub.worker.table_process import TableProcess

log = logging.getLogger(__name__)

MAX_TS = 2**53


def run(arguments: argparse.Namespace) -> None:
    """Run ``hub export`` or ``hub import``. Raises HubError with a message for the user."""
    settings = running_settings_from(arguments)
    kind: Format = arguments.format or _format_of(arguments.file)
    if arguments.command == "export":
        asyncio.run(_export(settings.store, arguments, kind))
        return
    if not arguments.file.is_file():
        raise NotFound(f"There is no file {arguments.file}.")
    require_hub_folder(settings)
    zone = arguments.zone or "UTC"
    zone_of(zone)
    try:
        with DirectoryLock.acquire(settings.store.data):
            result = asyncio.run(_import(settings, arguments.file, kind, zone))
    except InUse:
        _require_ready(settings)
        result = _import_through_hub(settings, arguments.file, kind, zone)
    for line in _report(result):
        print(line)


def _report(result: ImportResult) -> Iterator[str]:
    """Yield the lines that tell the user how many rows were imported, and which were not."""
    created = f"; {result.devices} devices created" if result.devices else ""
    yield f"{result.read:,} readings read, {result.added:,} of them new{created}."
    if result.duplicates:
        yield f"{result.duplicates:,} duplicates, in the history or earlier in the table."
    for skipped in result.skipped:
        rows = ", ".join(map(str, skipped.rows)) + (", …" if skipped.count > len(skipped.rows) else "")
        yield f"{skipped.count:,} skipped ({skipped.reason}): rows {rows}."
    if result.texts:
        yield f"{result.texts:,} are texts, not numbers."
    if result.zone:
        yield f"Times without a time zone were taken as {result.zone}. Use --zone for another one."


def _format_of(file: Path) -> Format:
    """Return the format of a table by its file's extension; ``-``, standard output, means CSV.

    Raises Invalid for other extensions.
    """
    if str(file) == "-":
        return "csv"
    match file.suffix.lower():
        case ".csv":
            return "csv"
        case ".parquet" | ".pq":
            return "parquet"
    hint = "Use a file name that ends in .csv or .parquet, or pass --format."
    raise Invalid(f"The format of {file.name!r} is unknown.", hint)


async def _export(section: StoreSection, arguments: argparse.Namespace, kind: Format) -> None:
    request = ExportRequest(
        time_of(arguments.start) if arguments.start else 0,
        time_of(arguments.end) if arguments.end else MAX_TS,
        tuple(arguments.device) if arguments.device else None,
        arguments.metric,
    )
    with contextlib.closing(open_read_only(section)) as store, _target(arguments.file, arguments.replace) as out:
        registry = DeviceRegistry()
        broken = registry.restore(store.states(), now_ms())
        _warn_of_unreadable(broken, len(store.unreadable))
        if request.devices:
            recorded = {device for device, _ in await store.series(request.devices, None)}
            if unknown := [each for each in request.devices if each not in recorded and not registry.known(each)]:
                raise NotFound(f"There is no device {unknown[0]!r}.", "Leave out --device to export all devices.")

        def unit(device: str, metric: str) -> str | None:
            found = registry.get(device)
            return found.unit(metric) if found else None

        async with TableProcess() as table:
            await table.open_for_writing(kind)
            async for chunk in export_readings(store, request, table, unit):
                out.write(chunk)


def _warn_of_unreadable(devices: dict[str, str], batches: int) -> None:
    """Log which stored data is missing in the export because it cannot be read.

    ``devices`` are the ids of devices with an unreadable state, ``batches`` is the number of unreadable batches of
    readings.
    """
    if devices:
        names = ", ".join(list(devices)[:5]) + (", …" if len(devices) > 5 else "")
        log.warning(
            "%d stored device states cannot be read (%s). Their readings are exported without units. Start the hub "
            "once to move such rows aside.",
            *(len(devices), names),
        )
    if batches:
        log.warning(
            "%d batches of recent readings cannot be read and are not exported. Keep a copy of the database, then "
            "start the hub once to move them aside.",
            batches,
        )


@contextlib.contextmanager
def _target(file: Path, replace: bool) -> Iterator[BinaryIO]:
    """Yield a stream that writes to ``file``; ``-`` is standard output.

    The file appears under its name only when it is complete. Raises Conflict if it exists and ``replace`` is False.
    """
    if str(file) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.exists() and not file.is_file():
        raise Invalid(f"{file} is not a file.", "Pass a file, or - for standard output.")
    if file.exists() and not replace:
        raise Conflict(f"{file} exists already.", "Pass another file, or use --replace.")
    with replacing(file, opener=None) as out:
        yield out


async def _import(settings: Settings, file: Path, kind: Format, zone: str) -> ImportResult:
    """Import a table into the store of a data folder on which no hub is running.

    ``zone`` is the time zone of times that name none.
    """
    store = open_idle(settings.store)
    try:
        now = now_ms()
        snapshot = await store.load()
        registry = DeviceRegistry(registry_limits(settings))
        broken = registry.restore(snapshot.states, now)
        rows = [Unreadable("device", name, problem) for name, problem in broken.items()]
        await store.put_aside([*snapshot.unreadable, *rows])

        async def introduce(device: str) -> None:
            registry.identify(Identity(device, device, "native"), now)
            states, _ = registry.take_states(snapshot.cursor, 0)
            await store.commit(1, Delta(snapshot.cursor, states=states, checkpoint=snapshot.checkpoint))

        def known(device: str) -> bool:
            return registry.known(device) or device in registry.capacity.left_out

        room = Room(registry.limits.metrics, registry.limits.total_metrics)
        async with TableProcess() as table:
            await table.open_for_reading(file, kind, zone)
            return await import_readings(store, table.read, room, known, introduce, zone)
    finally:
        await store.close()


def _require_ready(settings: Settings) -> None:
    """Raise Conflict or NotConnected if the hub that is running on the data folder waits for its database."""
    if (waits := waiting_for(settings)) is None:
        return
    database = waits.removeprefix("store: ")
    if database != waits:
        raise NotConnected(f"The hub on this folder waits for its database: {database}")
    raise Conflict(f"The hub on this folder is a stand-by of {waits}.", "Run the command there.")


def _import_through_hub(settings: Settings, file: Path, kind: Format, zone: str) -> ImportResult:
    """Import a table through the API of the hub that is running on the data folder."""
    connection, headers = connection_to(settings, timeout=3_600)
    headers["Content-Length"] = str(file.stat().st_size)
    query = urllib.parse.urlencode({"format": kind, "zone": zone})
    try:
        with file.open("rb") as body, contextlib.closing(connection):
            connection.connect()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before the body was sent
                connection.request("POST", f"/api/history/import?{query}", body, headers)
            answer = connection.getresponse()
            found: Any = msgspec.json.decode(answer.read())
    except ConnectionRefusedError:
        hint = "Pass its address with --http, or stop it first."
        message = f"A hub is running on this folder, but it does not answer at {settings.http.listen}."
        raise NotConnected(message, hint) from None
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise NotConnected(
            f"The import through the hub at {settings.http.listen} was interrupted ({type(error).__name__}).",
            "Import the file again: readings that were imported already are not duplicated.",
        ) from None
    if answer.status != 200:
        raise _error_of(found)
    return msgspec.convert(found, ImportResult)


def _error_of(answer: Any) -> HubError:
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    return Invalid(str(error.get("message", "The hub refused the table.")), str(error.get("hint", "")))
