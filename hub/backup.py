"""``hub backup`` and ``hub restore``: the data folder as one file and back, while a hub runs or not."""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

from hub import archive
from hub.errors import InUse
from hub.serve import settings_from
from hub.store.lock import DirectoryLock

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> None:
    """Raises HubError for what a person can put right."""
    data = settings_from(arguments).store.data
    if arguments.command == "backup":
        _backup(data, arguments.file, arguments.replace)
    else:
        _restore(arguments.file, data, arguments.replace)


def _backup(data: Path, target: Path | None, replace: bool) -> None:
    name = f"watchkeeper-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar"
    if target is None:
        target = Path(name)
    elif target.is_dir():
        target /= name
    manifest = archive.pack(data, target, replace=replace)
    print(f"{target}: {_told(manifest)}, {target.stat().st_size / 1e6:.1f} MB, checked.")
    print("Tokens and passwords are not in it.")


def _restore(source: Path, data: Path, replace: bool) -> None:
    manifest = archive.stage(source, data, replace=replace)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(manifest.created_at / 1000))
    told = f"the backup of {when}: {_told(manifest)}"
    try:
        with DirectoryLock.acquire(data):
            aside = archive.adopt(data)
    except InUse:
        print(f"Ready in {data}: {told}. The hub that runs there takes it at its next start; restart it now.")
        return
    print(f"Restored to {data}: {told}.")
    if aside is not None:
        print(f"What was there before is in {aside}; delete it once all is well.")


def _told(manifest: archive.Manifest) -> str:
    rows = manifest.content.rows
    return ", ".join(_counted(rows.get(name, 0), word) for name, word in _WORDS)


_WORDS = (("device", "device"), ("record", "message"), ("alert", "alert"))


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
