"""Restore an archive into a data folder, in two steps.

1. :func:`stage` unpacks the archive into a folder inside the data folder and checks it.
2. :func:`adopt` moves the present files into a folder ``replaced-TIME``, and the unpacked files into their place. It
   only renames files, and after a crash the hub continues at its next start. If a hub is running on the folder, this
   step is done at the hub's next start.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from pathlib import Path
from typing import IO

import msgspec

from hub.archive.manifest import (
    ASIDE,
    FORMAT,
    INSTALL,
    MANIFEST,
    MAX_FILES,
    STAGED,
    UNFINISHED,
    Entry,
    Hashed,
    Manifest,
    is_allowed,
    is_secret,
    names_in,
)
from hub.errors import Conflict, Invalid, NotFound, StoreError
from hub.mqtt.mosquitto_files import let_broker_pass, share_with_broker
from hub.runtime.installation import Installation, save
from hub.runtime.private_files import make_folder, replace_file
from hub.store.database_copy import companions, examine
from hub.store.sqlite import FILE

BROKER_FILES = frozenset(("broker/passwd", "broker/acl"))
"""Files that Mosquitto reads. Their permissions allow this, because Mosquitto runs as another user than the hub."""

MAX_CREATED_AT = 253_402_300_800_000
"""The year 10,000 in epoch milliseconds. An archive with a later time is not valid."""


class Staged(msgspec.Struct, frozen=True):
    """An unpacked and checked archive that :func:`adopt` can put in place."""

    aside: str  # name of the folder to which the present files are moved
    files: list[str]


def stage(source: Path, data: Path, *, replace: bool = False) -> Manifest:
    """Unpack the archive ``source`` inside ``data`` and check it. Files in use are not touched; see :func:`adopt`.

    Raises:
        NotFound: There is no file ``source``.
        Invalid: ``source`` is not a valid archive.
        Conflict: ``data`` has a history, and ``replace`` is False.
        StoreError: The archive cannot be unpacked.
    """
    if not source.is_file():
        raise NotFound(f"There is no file {source}.", "Pass a file that hub backup has written.")
    if (data / FILE).exists() and not replace:
        raise Conflict(
            f"{data} has a history already.",
            "Pass an empty folder with --data, or use --replace to move the present files into another folder.",
        )
    make_folder(data)
    folder = data / UNFINISHED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700)
    try:
        manifest = _unpack(source, folder)
        aside = ASIDE + time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        while (data / aside).exists():
            aside += "-2"
        staged = Staged(aside, [*manifest.files])
        replace_file(folder / MANIFEST, msgspec.json.encode(staged))
        _sync(folder)
        shutil.rmtree(data / STAGED, ignore_errors=True)  # an earlier restore that was not put in place
        folder.rename(data / STAGED)
        return manifest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(source: Path, folder: Path) -> Manifest:
    hint = "Use another backup. Nothing was restored."
    found: dict[str, Entry] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None or len(found) >= MAX_FILES or member.name in found:
                    raise tarfile.ReadError("not an archive of the hub")
                if member.name == MANIFEST:
                    manifest = msgspec.json.decode(stream.read(64 << 20), type=Manifest)
                elif is_allowed(member.name):
                    found[member.name] = _extract(stream, folder / member.name, member.size)
                else:
                    raise Invalid(f"{member.name[:100]!r} is not allowed in a backup.", hint)
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", "Pass a file that hub backup has written.") from None
    except (tarfile.TarError, msgspec.MsgspecError, RecursionError, EOFError) as error:
        raise Invalid(f"{source} is not a backup of Watchkeeper, or it is incomplete.", hint) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise Invalid(f"{source} cannot be unpacked: a file and a folder have the same name.", hint) from error
    except OSError as error:
        raise StoreError(f"{source} cannot be unpacked to {folder.parent} ({error.strerror}).") from error
    if manifest is None or not {FILE, INSTALL} <= found.keys():
        raise Invalid(f"{source} is not a backup of Watchkeeper, or it is incomplete.", hint)
    if not manifest.with_secrets and any(map(is_secret, found)):
        raise Invalid(f"A secret file is not allowed in {source}, which claims to contain none.", hint)
    if not 0 <= manifest.created_at < MAX_CREATED_AT:
        raise Invalid(f"{source} has an impossible date.", hint)
    if manifest.format > FORMAT:
        raise Invalid("This backup was written by a newer version of Watchkeeper.", "Install that version.")
    for name in manifest.files.keys() | found.keys():
        if manifest.files.get(name) != found.get(name):
            raise Invalid(f"{name[:100]!r} in {source} is damaged: it does not match the manifest.", hint)
    if examine(folder / FILE) != manifest.content:
        raise Invalid(f"The history in {source} does not match the manifest.", hint)
    return manifest


def _extract(stream: IO[bytes], file: Path, size: int) -> Entry:
    make_folder(file.parent)
    hashed = Hashed(stream)
    with file.open("xb") as out:
        os.fchmod(out.fileno(), 0o600)
        while block := hashed.read(1 << 20):
            out.write(block)
        os.fsync(out.fileno())
        if out.tell() != size:
            raise tarfile.ReadError("cut short")
    return Entry(size, hashed.digest.hexdigest())


def adopt(data: Path) -> Path | None:
    """Put a staged restore in place, if there is one. The caller must hold the lock of the data folder.

    Each step is a rename that can be repeated: after a crash, the next call continues.

    Returns:
        The folder into which the previous files were moved; None if there were none, or if no restore was staged.

    Raises:
        StoreError: A file cannot be moved. The next call continues.
    """
    folder = data / STAGED
    if not (folder / MANIFEST).exists():
        return None
    try:
        return _adopt(data, folder)
    except (OSError, msgspec.MsgspecError) as error:
        hint = f"Remove {folder} to start with the previous files."
        raise StoreError(f"The backup in {folder} cannot be put in place ({error}).", hint) from error


def _adopt(data: Path, folder: Path) -> Path | None:
    staged = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Staged)
    aside = data / staged.aside
    if not aside.exists():  # otherwise the old files were moved before a crash, and the present ones are new
        partial = data / (staged.aside + ".partial")
        make_folder(partial)
        # Files with secrets stay in place, unless the archive contains them.
        old = (name for name in names_in(data) if not is_secret(name) or name in staged.files)
        for file in [data / name for name in old] + [data / FILE, *companions(data / FILE)]:
            to = partial / file.relative_to(data)
            if file.exists() and not to.exists():
                _move(file, to)
        partial.rename(aside)
    for name in staged.files:
        if (folder / name).exists():
            _move(folder / name, data / name)
    for name in BROKER_FILES & {*staged.files}:
        share_with_broker(data / name)
        let_broker_pass(data)
        let_broker_pass((data / name).parent)
    _keep_token(aside / INSTALL, data / INSTALL)
    _sync(data)
    shutil.rmtree(folder)
    if not any(aside.iterdir()):
        aside.rmdir()
        return None
    return aside


def _move(file: Path, to: Path) -> None:
    make_folder(to.parent)
    file.replace(to)


def _keep_token(old: Path, new: Path) -> None:
    """Copy the access token from the previous ``install.json`` (``old``) into the restored one (``new``).

    Do nothing if the restored file has a token, or the previous one has none.
    """
    if old.exists():
        before, now = (msgspec.json.decode(file.read_bytes(), type=Installation) for file in (old, new))
        if before.token is not None and now.token is None:
            now.token = before.token
            save(new.parent, now)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
