"""Circuit breaker for a provider, and the waiting time before a retry.

::

    closed ──3 failures in a row, or a timeout──▶ open ──after the pause─▶ half open (one request)
      ▲                                            ▲                          │         │
      └──────────────── success ───────────────────┼──────────────────────────┼─────────┘
                                                   └── failure: twice as long ┘
"""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 3
"""Number of failures in a row that opens the breaker."""
REST_S = 30.0
LONGEST_REST_S = 600.0
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 8.0


class CircuitBreaker:
    """The circuit breaker of one provider for one task, such as ``chat``. ``clock`` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0  # in a row
        self._rest = 0.0  # length of the last pause, in seconds
        self._until = 0.0  # when the server may be tried again, by the clock
        self._trying = False  # half open, and the one request is running

    @property
    def admits(self) -> bool:
        """Return True if a request may be sent now."""
        return self._failures < FAILURES or (self._clock() >= self._until and not self._trying)

    @property
    def rests_s(self) -> float:
        """Return the seconds until the server may be called again; 0 if the breaker is closed."""
        return max(self._until - self._clock(), 0.0) if self._failures >= FAILURES else 0.0

    def begin(self) -> None:
        """Record that a request is sent to the provider.

        Afterwards, the caller must report the outcome with :meth:`answered`, :meth:`failed` or :meth:`dropped`.
        """
        self._trying = self._failures >= FAILURES

    def answered(self) -> None:
        """Record a success: the breaker closes."""
        self._failures, self._rest, self._trying = 0, 0.0, False

    def failed(self, *, hung: bool = False, after_s: float | None = None) -> None:
        """Record a failure.

        Args:
            hung: the request timed out, which opens the breaker at once.
            after_s: the pause in seconds that the server asked for, if any.
        """
        self._trying = False
        self._failures += FAILURES if hung else 1
        if self._failures >= FAILURES and self._clock() >= self._until:
            self._rest = min(max(self._rest * 2, REST_S), LONGEST_REST_S)
            self._until = self._clock() + max(self._rest, min(after_s or 0.0, LONGEST_REST_S))

    def dropped(self) -> None:
        """Record that the request was cancelled, which is neither a success nor a failure."""
        self._trying = False


def wait_s(attempt: int, chance: float, after_s: float | None = None) -> float:
    """Return the seconds to wait before a retry: exponential backoff with jitter.

    Args:
        attempt: the number of the failed attempt, from 0.
        chance: a random number from 0 to 1. It spreads the retries of requests that failed at the same time.
        after_s: the pause in seconds that the server asked for; the result is at least this long.
    """
    backoff: float = min(_FIRST_WAIT_S * 2.0**attempt, _LONGEST_WAIT_S) * (0.5 + chance / 2)
    return max(backoff, after_s or 0.0)
