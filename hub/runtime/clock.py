"""Whether this machine's clock can be right, before anything is deleted because it is old.

A clock that is set wrong (a battery that is empty, a virtual machine that was restored, a wrong year typed in) must not
cost the history. The newest time that was believed is kept in the data folder. States::

    trusted --the clock shows over a day more than time has passed, or the hub was off for so long--> doubted
    doubted --it is put right; it went on evenly for a day of running; a person confirms it--> trusted

While the clock is doubted, what is kept is reckoned from the newest believed time: nothing is deleted that was not due
by then. Readings are taken in as always.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

FILE = "clock.json"
CONFIRMED = "clock.confirmed"
"""A file that a person (``hub doctor --trust-clock``) leaves for a hub that runs."""
JUMP_MS = 86_400_000
EVEN_MS = 86_400_000
UNEVEN_MS = 600_000
SAVED_MS = 60_000


def now_ms() -> int:
    """Return the time of this machine's clock in epoch ms, trusted or not."""
    return time.time_ns() // 1_000_000


class ClockState(msgspec.Struct):
    """What is kept between runs, in epoch ms.

    Attributes:
        believed: the newest time that was believed.
        doubted_at: what the clock showed when it was first doubted; None while it is trusted.
        even_ms: for how long the hub has run since, while the clock went on evenly.
    """

    believed: int
    doubted_at: int | None = None
    even_ms: int = 0


class Clock:
    """``newest`` is when the history last heard of any device (0: never), for a folder that has no clock file yet.
    ``disagrees`` asks whether most devices that give times of their own contradict the clock."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], int],
        *,
        newest: int = 0,
        disagrees: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._confirmed = folder / FILE, folder / CONFIRMED
        self._now, self._monotonic, self._disagrees = now, monotonic, disagrees
        self._kept = read_clock_state(folder) or ClockState(newest or now())
        self._saved = ClockState(0)
        self._looked: tuple[int, float] | None = None
        self._warned = False

    @property
    def kept(self) -> ClockState:
        return self._kept

    def believed(self) -> int:
        """Return the time from which ages are reckoned: the clock's, or the newest believed one while it is doubted."""
        now = self._now()
        return now if self._kept.doubted_at is None else min(now, self._kept.believed)

    def trust(self) -> None:
        """A person says that the clock is right."""
        now = self._now()
        if self._kept.doubted_at is not None:
            log.warning("The clock was confirmed by a person. Old history is deleted again from now on.")
        self._kept = ClockState(now)
        self._save()

    def look(self, *, last: bool = False) -> None:
        """Judge the clock; call it now and then, before anything is deleted, and for the ``last`` time at the end."""
        if self._confirmed.exists():
            self._confirmed.unlink(missing_ok=True)
            self.trust()
        now, elapsed, even = self._passed()
        kept = self._kept
        ahead = now - kept.believed
        if -JUMP_MS <= ahead <= JUMP_MS + elapsed:
            if kept.doubted_at is not None:
                log.warning("The clock is right again. Old history is deleted as before.")
            self._kept = ClockState(max(now, kept.believed))
            self._warned = False
        elif kept.doubted_at is None and ahead > 0:
            self._kept = ClockState(kept.believed, doubted_at=now)
        elif not even:
            kept.even_ms = 0
        else:
            kept.even_ms += elapsed
            if kept.even_ms >= EVEN_MS and not self._disagrees():
                log.warning("The clock has gone on evenly for a day and is believed. Old history is deleted as before.")
                self._kept = ClockState(now)
        self._warn(ahead)
        if last or self._differs():
            self._save()

    def _passed(self) -> tuple[int, int, bool]:
        """Return the time, how much time has passed since the last look (ms), and whether the clock agrees with it."""
        now, at = self._now(), self._monotonic()
        looked, self._looked = self._looked, (now, at)
        if looked is None:
            return now, 0, True
        elapsed = round((at - looked[1]) * 1000)
        return now, elapsed, abs(now - looked[0] - elapsed) <= UNEVEN_MS

    def _warn(self, ahead: int) -> None:
        if self._kept.doubted_at is None or self._warned:
            return
        self._warned = True
        log.warning(
            "The clock shows %.0f days more than the newest time in the history: it may be wrong, or the hub was off "
            "for long. No old history is deleted until the clock is put right, or has run on evenly for a day. If it "
            "is right: hub doctor --trust-clock.",
            ahead / 86_400_000,
        )

    def _differs(self) -> bool:
        kept, saved = self._kept, self._saved
        moved = max(abs(kept.believed - saved.believed), abs(kept.even_ms - saved.even_ms))
        return moved >= SAVED_MS or kept.doubted_at != saved.doubted_at

    def _save(self) -> None:
        self._saved = msgspec.structs.replace(self._kept)
        try:
            replace_file(self._file, msgspec.json.encode(self._kept))
        except OSError as error:  # a full disk: what is kept is a little older then
            log.debug("%s could not be written: %s", self._file, error)


def read_clock_state(folder: Path) -> ClockState | None:
    """Return what is kept in ``folder``; None where there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=ClockState)
    except (OSError, msgspec.MsgspecError):
        return None


def confirm(folder: Path) -> None:
    """Say on behalf of a person that the clock is right; a hub that runs takes note within ten minutes."""
    replace_file(folder / CONFIRMED, b"")
