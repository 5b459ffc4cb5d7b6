"""``hub export`` and ``hub import``: readings as tables, from and to a data folder, whether a hub runs on it or not."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from hub.addresses import split_address
from hub.config import Settings
from hub.errors import Conflict, HubError, InUse, Invalid, NotConnected, NotFound
from hub.fleet import Fleet
from hub.install import open_install
from hub.model import Identity
from hub.serve import settings_from
from hub.store.base import Delta
from hub.store.lock import DirectoryLock
from hub.store.sqlite import SqliteStore
from hub.store.viewing import Viewer
from hub.tables import Format, new_table, read_table
from hub.tables.row import time_of
from hub.transfer import Taken, Wanted, bring_in, export
from hub.wiring import fleet_limits

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
    try:
        with DirectoryLock.acquire(settings.store.data):
            taken = asyncio.run(_import(settings, arguments.file, kind))
    except InUse:
        taken = _import_by_the_hub(settings, arguments.file, kind)
    known = f"; {taken.devices} devices are new" if taken.devices else ""
    print(f"{taken.read:,} readings read, {taken.added:,} of them new{known}.")


def _format_of(file: Path) -> Format:
    return "parquet" if file.suffix in (".parquet", ".pq") else "csv"


async def _export(data: Path, arguments: argparse.Namespace, kind: Format) -> None:
    wanted = Wanted(
        time_of(arguments.start) if arguments.start else 0,
        time_of(arguments.end) if arguments.end else MAX_TS,
        tuple(arguments.device) if arguments.device else None,
        arguments.metric,
    )
    with contextlib.closing(Viewer.open(data)) as viewer, _target(arguments.file, arguments.replace) as out:
        fleet = Fleet()
        fleet.restore(viewer.load().states.values(), time.time_ns() // 1_000_000)

        def unit(device: str, metric: str) -> str | None:
            found = fleet.get(device)
            return found.unit(metric) if found else None

        async for piece in export(viewer, wanted, new_table(kind), unit):
            out.write(piece)


@contextlib.contextmanager
def _target(file: Path, replace: bool) -> Iterator[BinaryIO]:
    """The file, which appears only when it is whole; ``-`` is the standard output."""
    if str(file) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if file.exists() and not replace:
        raise Conflict(f"{file} exists already.", "Name another file, or say --replace.")
    unfinished = file.with_name(file.name + ".partial")
    try:
        with unfinished.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


async def _import(settings: Settings, file: Path, kind: Format) -> Taken:
    """Into a folder that no hub runs on."""
    store = SqliteStore.open(settings.store.data)
    try:
        now = time.time_ns() // 1_000_000
        snapshot = await store.load()
        fleet = Fleet(fleet_limits(settings))
        fleet.restore(snapshot.states.values(), now)

        async def introduce(device: str) -> None:
            fleet.identify(Identity(device, device, "native"), now)
            states, _ = fleet.take_states(snapshot.cursor, 0)
            await store.commit(1, Delta(snapshot.cursor, states=states, checkpoint=snapshot.checkpoint))

        return await bring_in(store, read_table(file, kind), fleet.known, introduce)
    finally:
        await store.close()


def _import_by_the_hub(settings: Settings, file: Path, kind: Format) -> Taken:
    """A hub runs on the folder: it takes the table in itself."""
    host, port = split_address(settings.http.listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    token = settings.http.token.get_secret_value() if settings.http.token else open_install(settings.store.data).token
    headers = {"Content-Length": str(file.stat().st_size)}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(host, port, timeout=3_600)
    try:
        with file.open("rb") as body, contextlib.closing(connection):
            connection.request("POST", f"/api/history/import?format={kind}", body, headers)
            answer = connection.getresponse()
            found: Any = msgspec.json.decode(answer.read())
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        hint = "Name its address with --http, or stop it first."
        raise NotConnected(f"A hub runs on this folder, but not at {settings.http.listen}.", hint) from None
    if answer.status != 200:
        raise _told(found)
    return msgspec.convert(found, Taken)


def _told(found: Any) -> HubError:
    error = found.get("error", {}) if isinstance(found, dict) else {}
    return Invalid(str(error.get("message", "The hub refused the table.")), str(error.get("hint", "")))
