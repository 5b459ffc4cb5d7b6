"""From the data folder to an archive, while a hub writes or not."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from hub import __version__
from hub.archive.manifest import FORMAT, INSTALL, MANIFEST, Entry, Hashed, Manifest, names_in
from hub.errors import Conflict, NotFound
from hub.install import Install
from hub.store.copying import copy_database, examine
from hub.store.sqlite import FILE


def pack(data: Path, target: Path, *, replace: bool = False) -> Manifest:
    """Write the archive ``target``, which appears only when it is whole. A hub may run on ``data``."""
    if not (data / FILE).exists():
        raise NotFound(f"There is no history in {data}.", "Name the hub's folder with --data.")
    if target.exists() and not replace:
        raise Conflict(f"{target} exists already.", "Name another file, or say --replace.")
    target.parent.mkdir(parents=True, exist_ok=True)
    copy = target.with_name(target.name + ".db")
    unfinished = target.with_name(target.name + ".partial")
    try:
        copy_database(data / FILE, copy)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w") as archive:
            manifest = _fill(archive, data, copy)
            archive.close()
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            unfinished.replace(target)
        else:
            _put_new(unfinished, target)
        return manifest
    finally:
        copy.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)


def _fill(archive: tarfile.TarFile, data: Path, copy: Path) -> Manifest:
    install = msgspec.json.decode((data / INSTALL).read_bytes(), type=Install)
    secrets = [install.token.encode()] if install.token else []
    if (login := data / "broker" / "hub.login").exists():
        secrets.append(login.read_bytes().strip())
    plain = msgspec.json.encode(msgspec.structs.replace(install, token=None))
    entries = {INSTALL: _add(archive, INSTALL, io.BytesIO(plain), len(plain))}
    for name in names_in(data):
        with (data / name).open("rb") as file:
            if name != INSTALL and not _holds(file, secrets):
                entries[name] = _add(archive, name, file, os.fstat(file.fileno()).st_size)
    with copy.open("rb") as file:
        entries[FILE] = _add(archive, FILE, file, copy.stat().st_size)
    now = time.time_ns() // 1_000_000
    manifest = Manifest(FORMAT, __version__, now, install.id, examine(copy), entries)
    body = msgspec.json.format(msgspec.json.encode(manifest))
    _add(archive, MANIFEST, io.BytesIO(body), len(body))
    return manifest


def _put_new(unfinished: Path, target: Path) -> None:
    try:
        os.link(unfinished, target)  # which, unlike a rename, never takes another file's place
    except FileExistsError:
        raise Conflict(f"{target} exists already.", "Name another file, or say --replace.") from None


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO, size: int) -> Entry:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, time.time()
    hashed = Hashed(file)
    archive.addfile(member, hashed)
    return Entry(size, hashed.digest.hexdigest())


def _holds(file: BinaryIO, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets stands in a file of a size that a person writes; it is left at its beginning."""
    small = os.fstat(file.fileno()).st_size <= 1 << 20
    found = small and any(secret in body for body in [file.read()] for secret in secrets)
    file.seek(0)
    return found
