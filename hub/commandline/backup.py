"""``hub backup`` and ``hub restore``: the data folder as one file and back, while a hub runs or not."""

from __future__ import annotations

import argparse
import logging
import time
from datetime import UTC, datetime
from pathlib import Path

from hub import archive
from hub.commandline.settings import settings_from
from hub.errors import InUse
from hub.runtime.settings import Settings
from hub.runtime.settings_errors import secret_values
from hub.store.lock import DirectoryLock

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> None:
    """Raises HubError for what a person can put right."""
    settings = settings_from(arguments)
    if arguments.command == "backup":
        _backup(settings, arguments.file, replace=arguments.replace, with_secrets=arguments.with_secrets)
    else:
        _restore(arguments.file, settings.store.data, arguments.replace)


def _backup(settings: Settings, target: Path | None, *, replace: bool, with_secrets: bool) -> None:
    name = f"watchkeeper-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar"
    if target is None:
        target = Path(name)
    elif target.is_dir():
        target /= name
    known = secret_values(settings)
    manifest = archive.pack(settings.store.data, target, replace=replace, known=known, with_secrets=with_secrets)
    print(f"{target}: {_told(manifest)}, {target.stat().st_size / 1e6:.1f} MB, checked.")
    if manifest.with_secrets:
        print("It holds tokens, keys and passwords: keep it where nobody else can read it.")
        return
    print("Tokens, keys and passwords are not in it; of the devices' broker passwords it has the hashes.")
    if manifest.redacted:
        print(f"Without their secrets: {', '.join(manifest.redacted)}.")
    if manifest.left_out:
        print(f"Left out, as they hold secrets: {', '.join(manifest.left_out)}. --with-secrets includes them.")


def _restore(source: Path, data: Path, replace: bool) -> None:
    manifest = archive.stage(source, data, replace=replace)
    when = f"{datetime.fromtimestamp(manifest.created_at / 1000, UTC):%Y-%m-%d %H:%M UTC}"
    told = f"the backup of {when}: {_told(manifest)}"
    try:
        with DirectoryLock.acquire(data):
            aside = archive.adopt(data)
    except InUse:
        print(f"Ready in {data}: {told}. The hub that runs there takes it at its next start; restart it now.")
        return
    print(f"Restored to {data}: {told}.")
    if manifest.redacted:
        print(f"Enter the tokens, keys and passwords of {', '.join(manifest.redacted)} again: the backup has none.")
    if aside is not None:
        print(f"What was there before is in {aside}; delete it once all is well.")


def _told(manifest: archive.Manifest) -> str:
    rows = manifest.content.rows
    return ", ".join(_counted(rows.get(name, 0), word) for name, word in _WORDS)


_WORDS = (("device", "device"), ("record", "message"), ("alert", "alert"))


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
