"""Circuit breaker for a provider, and the delay before a retry.

::

    closed ──3 failures in a row, or a timeout──▶ open ──after the pause─▶ half open (one request)
      ▲                                            ▲                          │         │
      └──────────────── success ───────────────────┼──────────────────────────┼─────────┘
                                                   └── failure: twice as long ┘
"""

from __future__ import annotations

from collections.abc import Callable

FAILURES = 3
"""The breaker opens after this number of consecutive failures."""
PAUSE_S = 30.0
MAX_PAUSE_S = 600.0
_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 8.0


class CircuitBreaker:
    """The circuit breaker of one provider for one task, such as ``chat``. ``clock`` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0  # consecutive failures
        self._pause = 0.0  # length of the last pause, in seconds
        self._until = 0.0  # end of the pause, as a time of the clock
        self._trying = False  # the breaker is half open, and its only request is in progress

    @property
    def allows_request(self) -> bool:
        """Return True if a request may be sent now."""
        return self._failures < FAILURES or (self._clock() >= self._until and not self._trying)

    @property
    def pause_left_s(self) -> float:
        """Return the seconds until a request may be sent again; 0 if the breaker is closed or half open."""
        return max(self._until - self._clock(), 0.0) if self._failures >= FAILURES else 0.0

    def begin(self) -> None:
        """Record that a request is sent to the provider.

        Afterwards, the caller must report the outcome with :meth:`succeeded`, :meth:`failed` or :meth:`cancelled`.
        """
        self._trying = self._failures >= FAILURES

    def succeeded(self) -> None:
        """Record a success, and close the breaker."""
        self._failures, self._pause, self._trying = 0, 0.0, False

    def failed(self, *, timed_out: bool = False, after_s: float | None = None) -> None:
        """Record a failure.

        Args:
            timed_out: the request timed out, which opens the breaker at once.
            after_s: the pause in seconds that the server requested, if any.
        """
        self._trying = False
        self._failures += FAILURES if timed_out else 1
        if self._failures >= FAILURES and self._clock() >= self._until:
            self._pause = min(max(self._pause * 2, PAUSE_S), MAX_PAUSE_S)
            self._until = self._clock() + max(self._pause, min(after_s or 0.0, MAX_PAUSE_S))

    def cancelled(self) -> None:
        """Record that the request was cancelled, which is neither a success nor a failure."""
        self._trying = False


def wait_s(attempt: int, chance: float, after_s: float | None = None) -> float:
    """Return the seconds to wait before a retry: exponential backoff with jitter.

    Args:
        attempt: the number of the failed attempt, counted from 0.
        chance: a random number from 0 to 1. It spreads the retries of requests that failed at the same time.
        after_s: the pause in seconds that the server requested, if any. The result is never shorter.
    """
    backoff: float = min(_FIRST_WAIT_S * 2.0**attempt, _LONGEST_WAIT_S) * (0.5 + chance / 2)
    return max(backoff, after_s or 0.0)
