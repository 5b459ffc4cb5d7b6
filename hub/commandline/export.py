"""``hub export`` and ``hub import``: readings as tables, from and to a data folder, whether a hub runs on it or not."""

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

from hub.assembly.from_settings import registry_limits
from hub.commandline.running_hub import connection_to
from hub.commandline.settings import settings_from
from hub.errors import Conflict, HubError, InUse, Invalid, NotConnected, NotFound
from hub.formats import Format, zone_of
from hub.formats.cells import time_of
from hub.model import Identity
from hub.registry.registry import DeviceRegistry
from hub.runtime.clock import now_ms
from hub.runtime.private_files import replacing
from hub.runtime.settings import Settings
from hub.services.import_export import ExportRequest, ImportResult, Room, export_readings, import_readings
from hub.store.base import Delta
from hub.store.lock import DirectoryLock
from hub.store.read_only import ReadOnlyStore
from hub.store.rows import Unreadable
from hub.store.sqlite import SqliteStore
from hub.worker.table_process import TableProcess

log = logging.getLogger(__name__)

MAX_TS = 2**53


def run(arguments: argparse.Namespace) -> None:
    """Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    kind: Format = arguments.format or _format_of(arguments.file)
    if arguments.command == "export":
        asyncio.run(_export(settings.store.data, arguments, kind))
        return
    if not arguments.file.is_file():
        raise NotFound(f"There is no file {arguments.file}.")
    zone = arguments.zone or "UTC"
    zone_of(zone)
    try:
        with DirectoryLock.acquire(settings.store.data):
            taken = asyncio.run(_import(settings, arguments.file, kind, zone))
    except InUse:
        taken = _import_by_the_hub(settings, arguments.file, kind, zone)
    for line in _report(taken):
        print(line)


def _report(taken: ImportResult) -> Iterator[str]:
    """Say what became of a table."""
    known = f"; {taken.devices} devices are new" if taken.devices else ""
    yield f"{taken.read:,} readings read, {taken.added:,} of them new{known}."
    if taken.duplicates:
        yield f"{taken.duplicates:,} were there already, or stand in the table twice."
    for skipped in taken.skipped:
        rows = ", ".join(map(str, skipped.rows)) + (", …" if skipped.count > len(skipped.rows) else "")
        yield f"{skipped.count:,} skipped ({skipped.reason}): rows {rows}."
    if taken.texts:
        yield f"{taken.texts:,} are texts, not numbers."
    if taken.zone:
        yield f"Times without a zone were taken as {taken.zone} (--zone names another)."


def _format_of(file: Path) -> Format:
    """Return the format that the file's name says. Raises Invalid for any other name; ``-`` is CSV."""
    if str(file) == "-":
        return "csv"
    match file.suffix.lower():
        case ".csv":
            return "csv"
        case ".parquet" | ".pq":
            return "parquet"
    hint = "Name it .csv or .parquet, or say which it is with --format."
    raise Invalid(f"{file.name!r} does not say the format.", hint)


async def _export(data: Path, arguments: argparse.Namespace, kind: Format) -> None:
    wanted = ExportRequest(
        time_of(arguments.start) if arguments.start else 0,
        time_of(arguments.end) if arguments.end else MAX_TS,
        tuple(arguments.device) if arguments.device else None,
        arguments.metric,
    )
    with contextlib.closing(ReadOnlyStore.open(data)) as viewer, _target(arguments.file, arguments.replace) as out:
        registry = DeviceRegistry()
        broken = registry.restore(viewer.states(), now_ms())
        _warn_of_unreadable(broken, len(viewer.unreadable))

        def unit(device: str, metric: str) -> str | None:
            found = registry.get(device)
            return found.unit(metric) if found else None

        async with TableProcess() as table:
            await table.open_for_writing(kind)
            async for piece in export_readings(viewer, wanted, table, unit):
                out.write(piece)


def _warn_of_unreadable(devices: dict[str, str], batches: int) -> None:
    """Say once what the table is written without."""
    if devices:
        names = ", ".join(list(devices)[:5]) + (", …" if len(devices) > 5 else "")
        log.warning(
            "Stored states of devices that cannot be read: %d (%s). Their readings are exported without units. Start "
            "the hub once: it moves such rows aside.",
            *(len(devices), names),
        )
    if batches:
        log.warning(
            "Batches of recent readings that cannot be read: %d. They are left out. Start the hub once: it moves them "
            "aside. Keep a copy of the database.",
            batches,
        )


@contextlib.contextmanager
def _target(file: Path, replace: bool) -> Iterator[BinaryIO]:
    """Yield a stream to the file, which appears only when it is complete; ``-`` is the standard output."""
    if str(file) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.exists() and not file.is_file():
        raise Invalid(f"{file} is not a file.", "Name a file, or - for the standard output.")
    if file.exists() and not replace:
        raise Conflict(f"{file} exists already.", "Name another file, or say --replace.")
    with replacing(file, opener=None) as out:
        yield out


async def _import(settings: Settings, file: Path, kind: Format, zone: str) -> ImportResult:
    """Into a folder that no hub runs on."""
    store = SqliteStore.open(settings.store.data)
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


def _import_by_the_hub(settings: Settings, file: Path, kind: Format, zone: str) -> ImportResult:
    """A hub runs on the folder: it takes the table in itself."""
    connection, headers = connection_to(settings, timeout=3_600)
    headers["Content-Length"] = str(file.stat().st_size)
    query = urllib.parse.urlencode({"format": kind, "zone": zone})
    try:
        with file.open("rb") as body, contextlib.closing(connection):
            connection.connect()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
                connection.request("POST", f"/api/history/import?{query}", body, headers)
            answer = connection.getresponse()
            found: Any = msgspec.json.decode(answer.read())
    except ConnectionRefusedError:
        hint = "Name its address with --http, or stop it first."
        raise NotConnected(f"A hub runs on this folder, but not at {settings.http.listen}.", hint) from None
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise NotConnected(
            f"The hub at {settings.http.listen} broke the import off ({type(error).__name__}).",
            "What it had taken in stays. Import the file again: nothing is doubled.",
        ) from None
    if answer.status != 200:
        raise _told(found)
    return msgspec.convert(found, ImportResult)


def _told(found: Any) -> HubError:
    error = found.get("error", {}) if isinstance(found, dict) else {}
    return Invalid(str(error.get("message", "The hub refused the table.")), str(error.get("hint", "")))
