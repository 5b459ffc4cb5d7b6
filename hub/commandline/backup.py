"""``hub backup`` and ``hub restore``: back up a data folder into one file, and restore it."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from hub import archive
from hub.commandline.settings import settings_from
from hub.errors import Conflict, InUse, NotFound
from hub.runtime.database_url import database_name
from hub.runtime.settings import Settings, reveal
from hub.runtime.settings_errors import secret_values
from hub.store.lock import DirectoryLock

log = logging.getLogger(__name__)

# Without a password: other users of the machine see the arguments of a program.
_URL = "postgresql://USER@HOST/DATABASE"
_SIGN_IN = "(its password belongs in ~/.pgpass)"


def run(arguments: argparse.Namespace) -> None:
    """Run ``hub backup`` or ``hub restore``. Raises HubError with a message for the user."""
    settings = settings_from(arguments)
    if (url := reveal(settings.store.url)) is not None:
        raise _dumped(database_name(url), arguments.command)
    if arguments.command == "backup":
        _backup(settings, arguments.file, replace=arguments.replace, with_secrets=arguments.with_secrets)
    else:
        _restore(arguments.file, settings.store.data, arguments.replace)


def _dumped(database: str, command: str) -> Conflict:
    """Return the error for ``hub backup`` or ``hub restore`` if the history is in a PostgreSQL database.

    It says how to do this with PostgreSQL's own programs. ``command`` is ``backup`` or ``restore``.
    """
    if command == "backup":
        hint = f"Run pg_dump --format=custom --schema=watchkeeper --file=watchkeeper.dump {_URL} {_SIGN_IN}."
        return Conflict(f"Everything is in the PostgreSQL database {database}, which has its own backup.", hint)
    hint = f"Restore a dump with pg_restore --clean --if-exists --dbname={_URL} {_SIGN_IN}. Or remove store.url."
    return Conflict(f"A backup of hub backup is an SQLite file, but store.url is {database}.", hint)


def _backup(settings: Settings, target: Path | None, *, replace: bool, with_secrets: bool) -> None:
    name = f"watchkeeper-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar"
    if target is None:
        target = Path(name)
    elif target.is_dir():
        target /= name
    elif not target.parent.is_dir():
        raise NotFound(f"There is no folder {target.parent}.", "Create it, or mount the disk that belongs there.")
    known = secret_values(settings)
    manifest = archive.pack(settings.store.data, target, replace=replace, known=known, with_secrets=with_secrets)
    print(f"{target}: {_summary(manifest)}, {target.stat().st_size / 1e6:.1f} MB, verified.")
    if manifest.with_secrets:
        print("It contains tokens, keys and passwords. Keep it where nobody else can read it.")
        return
    print("It contains no tokens, keys or passwords, only the hashes of the devices' broker passwords.")
    if manifest.redacted:
        print(f"Secrets were removed from: {', '.join(manifest.redacted)}.")
    if manifest.left_out:
        print(f"Not included, because they contain secrets: {', '.join(manifest.left_out)}. Use --with-secrets.")


def _restore(source: Path, data: Path, replace: bool) -> None:
    manifest = archive.stage(source, data, replace=replace)
    when = f"{datetime.fromtimestamp(manifest.created_at / 1000, UTC):%Y-%m-%d %H:%M UTC}"
    summary = f"the backup of {when}: {_summary(manifest)}"
    try:
        with DirectoryLock.acquire(data):
            aside = archive.adopt(data)
    except InUse:
        print(f"Ready in {data}: {summary}. Restart the hub that is running there to finish the restore.")
        return
    print(f"Restored to {data}: {summary}.")
    if manifest.redacted:
        print(f"Enter the tokens, keys and passwords in {', '.join(manifest.redacted)} again.")
    for line in _missing(manifest, data):
        print(line)
    if aside is not None:
        print(f"The files from before are in {aside}. Delete it once you no longer need them.")


def _missing(manifest: archive.Manifest, data: Path) -> Iterator[str]:
    """Yield a sentence for each file of secrets that neither the backup nor the data folder has.

    It says what is missing, and what to do about it.
    """
    missing = {name for name in manifest.left_out if not (data / name).exists()}
    if "accounts.json" in missing:
        yield (
            "Its accounts were left out. Until there is one, a hub that listens on loopback requires no sign-in: "
            f"hub link --data {data} makes a link for the first administrator."
        )
    if "broker/hub.login" in missing:
        yield (
            "The hub's password at the broker was left out. If the broker requires one, "
            f"hub device add NAME --data {data} creates a new one."
        )
    if "notifications.json" in missing:
        yield "The channels and routes of notifications were left out: nobody is notified until you set them up again."


def _summary(manifest: archive.Manifest) -> str:
    rows = manifest.content.rows
    return ", ".join(_counted(rows.get(name, 0), word) for name, word in _WORDS)


_WORDS = (("device", "device"), ("record", "message"), ("alert", "alert"))


def _counted(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
