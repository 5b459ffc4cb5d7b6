"""When a provider is asked again: soon after a passing fault, and after a rest once it keeps failing. Pure."""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 3
"""After so many failures in a row a provider rests; then one request tries it, and a failure doubles the rest."""
REST_S = 30.0
LONGEST_REST_S = 600.0
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 8.0


class CircuitBreaker:
    """A circuit breaker: closed while a provider works, open while it rests, half open for one request after that."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._rest = 0.0
        self._until = 0.0
        self._trying = False

    @property
    def admits(self) -> bool:
        """Whether a request may be sent now."""
        return self._failures < FAILURES or (self._clock() >= self._until and not self._trying)

    @property
    def rests_s(self) -> float:
        """How long it is still left alone; 0 while it works."""
        return max(self._until - self._clock(), 0.0) if self._failures >= FAILURES else 0.0

    def begin(self) -> None:
        """A request goes out. One of the three below says how it ended."""
        self._trying = self._failures >= FAILURES

    def answered(self) -> None:
        self._failures, self._rest, self._trying = 0, 0.0, False

    def failed(self, *, hung: bool = False, after_s: float | None = None) -> None:
        """``hung``: it kept a request waiting until the end of its time, so it rests at once. ``after_s``: it asked
        to be left alone so long."""
        self._trying = False
        self._failures += FAILURES if hung else 1
        if self._failures >= FAILURES and self._clock() >= self._until:
            self._rest = min(max(self._rest * 2, REST_S), LONGEST_REST_S)
            self._until = self._clock() + max(self._rest, min(after_s or 0.0, LONGEST_REST_S))

    def dropped(self) -> None:
        """Whoever asked has gone: that says nothing about the provider."""
        self._trying = False


def wait_s(attempt: int, chance: float, after_s: float | None = None) -> float:
    """How long to wait before the retry after ``attempt`` (from 0): doubled each time, spread by ``chance`` (0 to 1)
    so that those who failed together do not come back together; never sooner than the server asked (``after_s``)."""
    spread: float = min(_FIRST_WAIT_S * 2.0**attempt, _LONGEST_WAIT_S) * (0.5 + chance / 2)
    return max(spread, after_s or 0.0)
