"""Create an archive of a data folder, whether a hub is running on it or not."""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from hub import __version__
from hub.archive.manifest import FORMAT, INSTALL, MANIFEST, Entry, Hashed, Manifest, is_secret, names_in
from hub.archive.secrets import MAX_SEARCHED_BYTES, Secrets
from hub.errors import Conflict, Invalid, NotFound
from hub.runtime.clock import now_ms
from hub.runtime.installation import Installation, read_installation
from hub.runtime.private_files import make_folder, replacing
from hub.store.database_copy import copy_database, examine
from hub.store.sqlite import FILE


def pack(
    data: Path, target: Path, *, replace: bool = False, known: Iterable[str] = (), with_secrets: bool = False
) -> Manifest:
    """Write an archive and return its manifest. The file appears only when it is complete.

    Args:
        data: The data folder. A hub may be running on it.
        target: The archive to write.
        replace: Overwrite an existing file.
        known: Secret values from the settings, which are removed from all files. Other secrets are recognised by the
            name of the file or by a key such as ``password``.
        with_secrets: Include tokens, keys and passwords.

    Raises:
        NotFound: There is no history in ``data``.
        Conflict: ``target`` exists.
        Invalid: ``target`` is not a file.
        StoreError: The history cannot be copied.
    """
    if not (data / FILE).exists():
        raise NotFound(f"There is no history in {data}.", "Pass the hub's data folder with --data.")
    if target.exists() and not target.is_file():
        raise Invalid(f"{target} is not a file.", "Pass a file or a folder.")
    if target.exists() and not replace:
        raise Conflict(f"{target} exists already.", "Pass another file, or use --replace.")
    make_folder(target.parent)
    copy = target.with_name(target.name + ".db")
    try:
        copy_database(data / FILE, copy)
        with replacing(target, overwrite=replace) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
            return _fill(archive, data, copy, None if with_secrets else Secrets(data, known))
    except FileExistsError:
        raise Conflict(f"{target} exists already.", "Pass another file, or use --replace.") from None
    finally:
        copy.unlink(missing_ok=True)


def _fill(archive: tarfile.TarFile, data: Path, copy: Path, secrets: Secrets | None) -> Manifest:
    """Add all files and then the manifest to ``archive``, and return the manifest.

    ``copy`` is the copy of the history. The ``secrets`` are removed from the files, except from files that are too
    large to search. If ``secrets`` is None, the archive includes all secrets.
    """
    install = read_installation(data)
    public = install if secrets is None else Installation(install.id, None, install.had_session, install.dropped)
    body = msgspec.json.encode(public)
    entries = {INSTALL: _add(archive, INSTALL, io.BytesIO(body), len(body))}
    redacted, left_out = [], []
    for name in names_in(data):
        with (data / name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if name == INSTALL:
                continue
            if secrets is None or (size > MAX_SEARCHED_BYTES and not is_secret(name)):
                entries[name] = _add(archive, name, file, size)
                continue
            content = file.read(MAX_SEARCHED_BYTES + 1)
        public_content = secrets.without(name, content)
        if public_content is None:
            left_out.append(name)
            continue
        if public_content != content:
            redacted.append(name)
        entries[name] = _add(archive, name, io.BytesIO(public_content), len(public_content))
    with copy.open("rb") as file:
        entries[FILE] = _add(archive, FILE, file, copy.stat().st_size)
    now = now_ms()
    manifest = Manifest(
        FORMAT,
        __version__,
        now,
        install.id,
        examine(copy),
        entries,
        with_secrets=secrets is None,
        redacted=tuple(redacted),
        left_out=tuple(left_out),
    )
    body = msgspec.json.format(msgspec.json.encode(manifest))
    _add(archive, MANIFEST, io.BytesIO(body), len(body))
    return manifest


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO, size: int) -> Entry:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, time.time()
    hashed = Hashed(file)
    archive.addfile(member, hashed)
    return Entry(size, hashed.digest.hexdigest())
