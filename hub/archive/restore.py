"""From an archive into the data folder, in two steps.

The archive is unpacked beside the folder's files and checked; then each file takes its place with a rename, after what
was there has been put aside. A crash in between is made good at the next start, which does the rest of the second step.
While a hub runs the second step waits for its next start.
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
    MOST_FILES,
    STAGED,
    UNFINISHED,
    Entry,
    Hashed,
    Manifest,
    harmless,
    is_secret,
    names_in,
)
from hub.errors import Conflict, Invalid, NotFound, StoreError
from hub.mqtt.mosquitto_acl import let_broker_pass, share_with_broker
from hub.runtime.installation import Installation, save
from hub.runtime.private_files import make_folder, replace_file
from hub.store.database_copy import companions, examine
from hub.store.sqlite import FILE

BROKER_FILES = frozenset(("broker/passwd", "broker/acl"))
"""What Mosquitto reads, as a user of its own."""


MAX_CREATED_AT = 253_402_300_800_000
"""The year 10,000 in ms."""


class Staged(msgspec.Struct, frozen=True):
    """What is to take its place, and the folder for what was there."""

    aside: str
    files: list[str]


def stage(source: Path, data: Path, *, replace: bool = False) -> Manifest:
    """Unpack and check the archive ``source`` into ``data``; :func:`adopt` puts it in place. Nothing that is in use is
    touched. Raises Invalid for what is no sound archive, Conflict for a folder with a history unless ``replace``."""
    if not source.is_file():
        raise NotFound(f"There is no file {source}.", "Name a file that hub backup has written.")
    if (data / FILE).exists() and not replace:
        raise Conflict(
            f"{data} has a history already.", "Name an empty folder with --data, or say --replace: it is put aside."
        )
    make_folder(data)
    folder = data / UNFINISHED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700)
    try:
        manifest = _unpack(source, folder)
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        aside = ASIDE + moment
        while (data / aside).exists():
            aside += "-2"
        staged = Staged(aside, [*manifest.files])
        replace_file(folder / MANIFEST, msgspec.json.encode(staged))
        _sync(folder)
        shutil.rmtree(data / STAGED, ignore_errors=True)  # one that was never put in place
        folder.rename(data / STAGED)
        return manifest
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(source: Path, folder: Path) -> Manifest:
    wrong = "Take another backup; this one is no use."
    found: dict[str, Entry] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None or len(found) >= MOST_FILES or member.name in found:
                    raise tarfile.ReadError("not one of ours")
                if member.name == MANIFEST:
                    manifest = msgspec.json.decode(stream.read(64 << 20), type=Manifest)
                elif harmless(member.name):
                    found[member.name] = _extract(stream, folder / member.name, member.size)
                else:
                    raise Invalid(f"{member.name[:100]!r} has no business in a backup.", "Nothing was restored.")
    except FileNotFoundError:
        raise NotFound(f"There is no file {source}.", "Name a file that hub backup has written.") from None
    except (tarfile.TarError, msgspec.MsgspecError, RecursionError, EOFError) as error:
        raise Invalid(f"{source} is no backup of Watchkeeper, or only a part of one.", wrong) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise Invalid(f"{source} cannot be unpacked: it has a file and a folder of one name.", wrong) from error
    except OSError as error:
        raise StoreError(f"{source} cannot be unpacked to {folder.parent} ({error.strerror}).") from error
    if manifest is None or not {FILE, INSTALL} <= found.keys():
        raise Invalid(f"{source} is no backup of Watchkeeper, or only a part of one.", wrong)
    if not manifest.with_secrets and any(map(is_secret, found)):
        raise Invalid(f"A file of secrets has no business in {source}.", wrong)
    if not 0 <= manifest.created_at < MAX_CREATED_AT:
        raise Invalid(f"{source} has no time that it can be of.", wrong)
    if manifest.format > FORMAT:
        raise Invalid("A newer version of Watchkeeper has written this backup.", "Install that version.")
    for name in manifest.files.keys() | found.keys():
        if manifest.files.get(name) != found.get(name):
            raise Invalid(f"{name[:100]!r} in {source} is damaged: it is not what the list of contents says.", wrong)
    if examine(folder / FILE) != manifest.content:
        raise Invalid(f"The history in {source} is not what its list of contents says.", wrong)
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
    """Put in place what was staged, if anything was. Return where what was there before is now, None where there was
    nothing. The caller holds the folder's lock. Raises StoreError; the next call goes on.

    Each step is a rename and can be done again: a crash anywhere leaves the rest for the next call.
    """
    folder = data / STAGED
    if not (folder / MANIFEST).exists():
        return None
    try:
        return _adopt(data, folder)
    except (OSError, msgspec.MsgspecError) as error:
        hint = f"Remove {folder} to start with what was there before."
        raise StoreError(f"The backup in {folder} cannot be put in place ({error}).", hint) from error


def _adopt(data: Path, folder: Path) -> Path | None:
    staged = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Staged)
    aside = data / staged.aside
    if not aside.exists():  # else the first step is done: what is there now may be new
        making = data / (staged.aside + ".partial")
        make_folder(making)
        # Secrets stay where they are, unless the archive brings its own.
        there = (name for name in names_in(data) if not is_secret(name) or name in staged.files)
        for file in [data / name for name in there] + [data / FILE, *companions(data / FILE)]:
            to = making / file.relative_to(data)
            if file.exists() and not to.exists():
                _move(file, to)
        making.rename(aside)
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
    """Whoever could come in before still can: the token is in no archive."""
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
