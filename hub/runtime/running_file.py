"""``running.json`` in the data folder: tells commands of the same user how to reach the hub that runs in this folder.

A hub writes the file at each start, and removes it when it stops. Like all files of the folder, only the file's owner
can read it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from hub.errors import StoreError
from hub.runtime.private_files import replace_file

FILE = "running.json"


class RunningHub(msgspec.Struct, frozen=True):
    """A running hub.

    Attributes:
        listen: The address that it listens on.
        broker: The address of its broker.
        token: Its access token for commands, made at this start.
    """

    listen: str
    broker: str
    token: str


@contextmanager
def advertise(data: Path, listen: str, broker: str) -> Iterator[RunningHub]:
    """Write ``running.json`` for a hub that has started, and remove the file at the end of the ``with`` block.

    Yields the content of the file. ``listen`` and ``broker`` are the addresses of the hub and of its broker; the access
    token in the file is new. Raises StoreError if the file cannot be written.
    """
    running = RunningHub(listen, broker, secrets.token_urlsafe(32))
    try:
        replace_file(data / FILE, msgspec.json.encode(running))
    except OSError as error:
        raise StoreError(f"{data / FILE} cannot be written ({error.strerror}).") from error
    try:
        yield running
    finally:
        (data / FILE).unlink(missing_ok=True)


def find_running(data: Path) -> RunningHub | None:
    """Return the content of ``running.json``; None if it cannot be read.

    A hub that was killed leaves the file behind.
    """
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=RunningHub)
    except (OSError, ValueError, RecursionError):
        return None
