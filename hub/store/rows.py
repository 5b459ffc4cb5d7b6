"""Read rows with a body that may be damaged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar

import msgspec

from hub.errors import StoreError
from hub.runtime.fault_log import FaultLog

log = logging.getLogger(__name__)
faults = FaultLog(log)

T = TypeVar("T")
RowKind = Literal["device", "alert", "command", "learnt", "device_keys", "key_log", "batch", "chunk", "rollup"]
MAX_NUMBER = 1 << 62
"""The largest valid number of a record or row. The numbers that follow it must still fit into 64 bits."""
UNREADABLE_BODY = (msgspec.MsgspecError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""Errors that decoding a damaged body raises."""


class Unreadable(msgspec.Struct, frozen=True):
    """A stored row that cannot be read, and why.

    For the table ``learnt``, ``key`` has the dialect and the row's key, on two lines.
    """

    kind: RowKind
    key: str
    problem: str


class DamagedHistory(StoreError):
    """Error: a part of the stored history (chunks or rollups) of these ``series`` cannot be read.

    ``series`` is empty if it is not known which series the damaged part belongs to.
    """

    code = "store_damaged"

    def __init__(self, series: Iterable[int]) -> None:
        super().__init__("A part of the history cannot be read.", "Please report it with the log.")
        self.series = tuple(sorted({int(number) for number in series}))


@contextmanager
def reading_history(series: Iterable[int] = ()) -> Iterator[None]:
    """Raise :class:`DamagedHistory` if an error in the ``with`` block means that a stored row cannot be decoded.

    ``series`` are the ids of the series that the block reads. The error names them.
    """
    try:
        yield
    except UNREADABLE_BODY as error:
        raise DamagedHistory(series) from error


def decoded(
    kind: str, rows: Iterable[tuple[str, bytes]], decode: Callable[[bytes], T], problems: list[Unreadable] | None = None
) -> Iterator[T]:
    """Yield the decoded bodies of ``rows``, which are pairs ``(key, body)``.

    A body that cannot be decoded is left out. It is added to ``problems``, or logged if ``problems`` is None.
    """
    for key, body in rows:
        try:
            yield decode(body)
        except UNREADABLE_BODY as error:
            problem = f"{type(error).__name__}: {error}"
            if problems is not None:
                # Callers that pass `problems` read rows of the kinds in RowKind.
                problems.append(Unreadable(kind, key, problem))  # type: ignore[arg-type]
            else:
                text = "The stored %s %r cannot be read (%.200s). It is left out of answers. Please report this."
                faults.error((kind, key), text, kind, key, problem)
