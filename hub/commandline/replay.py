"""``hub replay FILE``: replay an alert that was exported as a file. No hub has to be running."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hub import text_format as fmt
from hub.diagnosis.alert_file import AlertFile, read_alert_file
from hub.diagnosis.alert_replay import ReplayedAlert, replay_file
from hub.errors import NotFound, TooLarge

MAX_BYTES = 256 * 1024 * 1024


def run(arguments: argparse.Namespace) -> int:
    """Run ``hub replay``. Return 0 if the replayed alerts and diagnosis equal those in the file, else 1."""
    file: Path = arguments.file
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if file.stat().st_size > MAX_BYTES:
        raise TooLarge(
            f"{file} is larger than {MAX_BYTES // 1024**2} MB.", "An alert file has at most 300,000 readings."
        )
    contents = read_alert_file(file.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(replay_file(contents, Path(folder)))
    for line in _lines(found):
        print(line)
    return 0 if found.same else 1


def read_file(file: Path) -> AlertFile:
    """Return the contents of an alert file. Raises NotFound, TooLarge, or Invalid if it is not an alert file."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if file.stat().st_size > MAX_BYTES:
        hint = "An alert file has at most 300,000 readings."
        raise TooLarge(f"{file} is larger than {MAX_BYTES // 1024**2} MB.", hint)
    return read_alert_file(file.read_bytes())


def _lines(found: ReplayedAlert) -> Iterator[str]:
    for alert, firing in found.alerts:
        verdict = "raised again" if firing is not None else "NOT raised again"
        yield f"{verdict}: {alert.device}, {alert.message} (since {fmt.date_time(alert.since)})"
        if (reason := found.reasons.get(alert.id)) is not None:
            yield f"    {reason}"
    yield ""
    yield found.diagnosis.summary
    yield from found.differs
    yield "The replay equals the file." if found.same else "The replay differs from the file."
