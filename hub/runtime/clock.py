"""Check whether the machine's clock can be right before retention deletes anything by age.

A wrong clock (an empty battery, a restored virtual machine, a mistyped year) must not cost the history. The newest
trusted time is stored in the data folder. States::

    trusted --the clock is over a day ahead of the elapsed time, or the hub was off for over a day--> doubted
    doubted --it was set right; it ran evenly for a day; a person confirmed it--> trusted

While the clock is doubted, retention computes ages from the newest trusted time, so it deletes nothing that was not due
by then. Ingestion is not affected.
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
"""Name of the file by which ``hub doctor --trust-clock`` tells a running hub that the clock is right."""
JUMP_MS = 86_400_000
"""The clock is doubted if it has advanced by more than the time that has elapsed, plus this (ms)."""
EVEN_MS = 86_400_000
"""A doubted clock is trusted again after it has run evenly for this long (ms)."""
UNEVEN_MS = 600_000
"""A clock does not run evenly if, between two checks, it differs from the monotonic clock by more than this (ms)."""
SAVED_MS = 60_000
"""The state is saved when one of its times has changed by this much (ms)."""


def now_ms() -> int:
    """Return the time of this machine's clock in epoch ms, trusted or not."""
    return time.time_ns() // 1_000_000


class ClockState(msgspec.Struct):
    """State of the check of the clock, which is stored between runs.

    Attributes:
        believed: the newest trusted time (epoch ms).
        doubted_at: the clock's time when it was first doubted (epoch ms); None while the clock is trusted.
        even_ms: how long the clock has run evenly since it was doubted.
    """

    believed: int
    doubted_at: int | None = None
    even_ms: int = 0


class Clock:
    """The machine's clock and whether it is trusted.

    Args:
        folder: the data folder.
        now: returns the clock's time in epoch ms.
        newest: time of the newest message in the history (0: none), used if the folder has no clock file yet.
        disagrees: returns True if the timestamps of most devices contradict the clock.
        monotonic: returns seconds of the monotonic clock.
    """

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
        self.state = read_clock_state(folder) or ClockState(newest or now())
        self._saved = ClockState(0)  # the state as last saved
        self._checked: tuple[int, float] | None = None  # clock and monotonic clock at the last check
        self._warned = False

    def believed(self) -> int:
        """Return the time (epoch ms) from which to compute ages.

        It is the clock's time or, while the clock is doubted, the newest trusted time.
        """
        now = self._now()
        return now if self.state.doubted_at is None else min(now, self.state.believed)

    def trust(self) -> None:
        """Trust the clock from now on, because a person has confirmed that it is right."""
        now = self._now()
        if self.state.doubted_at is not None:
            log.warning("The clock was confirmed by a person. Old history is deleted again from now on.")
        self.state = ClockState(now)
        self._save()

    def check(self, *, last: bool = False) -> None:
        """Decide whether the machine's clock can be trusted, by the time that has passed on the monotonic clock.

        Call it regularly, and before anything is deleted because of its age. When the hub stops, call it with ``last``:
        then the state is saved in any case.
        """
        if self._confirmed.exists():
            self._confirmed.unlink(missing_ok=True)
            self.trust()
        now, elapsed, even = self._elapsed()
        state = self.state
        ahead = now - state.believed
        if -JUMP_MS <= ahead <= JUMP_MS + elapsed:
            if state.doubted_at is not None:
                log.warning("The clock is right again. Old history is deleted as before.")
            self.state = ClockState(max(now, state.believed))
            self._warned = False
        elif state.doubted_at is None and ahead > 0:
            self.state = ClockState(state.believed, doubted_at=now)
        elif not even:
            state.even_ms = 0
        else:
            state.even_ms += elapsed
            if state.even_ms >= EVEN_MS and not self._disagrees():
                log.warning("The clock has run evenly for a day and is trusted. Old history is deleted as before.")
                self.state = ClockState(now)
        self._warn(ahead)
        if last or self._needs_saving():
            self._save()

    def _elapsed(self) -> tuple[int, int, bool]:
        """Compare the machine's clock with the monotonic clock, which nobody can set. Return three values.

        Returns:
            The machine's time in epoch ms.
            The ms since the last call by the monotonic clock; 0 at the first call.
            Whether the two clocks have advanced by about the same time since then, so the machine's clock was not set.
        """
        now, at = self._now(), self._monotonic()
        checked, self._checked = self._checked, (now, at)
        if checked is None:
            return now, 0, True
        elapsed = round((at - checked[1]) * 1000)
        return now, elapsed, abs(now - checked[0] - elapsed) <= UNEVEN_MS

    def _warn(self, ahead: int) -> None:
        if self.state.doubted_at is None or self._warned:
            return
        self._warned = True
        log.warning(
            "The clock is %.0f days ahead of the newest time in the history: it may be wrong, or the hub was off for a "
            "long time. No old history is deleted until the clock is set right or has run evenly for a day. If it is "
            "right, confirm it: hub doctor --trust-clock.",
            ahead / 86_400_000,
        )

    def _needs_saving(self) -> bool:
        state, saved = self.state, self._saved
        moved = max(abs(state.believed - saved.believed), abs(state.even_ms - saved.even_ms))
        return moved >= SAVED_MS or state.doubted_at != saved.doubted_at

    def _save(self) -> None:
        self._saved = msgspec.structs.replace(self.state)
        try:
            replace_file(self._file, msgspec.json.encode(self.state))
        except OSError as error:  # for example a full disk: the stored state is a little older then
            log.debug("Cannot write %s (%s).", self._file, error)


def read_clock_state(folder: Path) -> ClockState | None:
    """Return the state stored in ``folder``; None if there is no state, or it cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=ClockState)
    except (OSError, ValueError, RecursionError):
        return None


def confirm(folder: Path) -> None:
    """Confirm the clock on behalf of a person. A running hub notices it within ten minutes."""
    replace_file(folder / CONFIRMED, b"")
