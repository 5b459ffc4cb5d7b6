"""Rows whose bodies may be damaged: what cannot be read is left out, and reported."""

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
UNREADABLE_BODY = (msgspec.MsgspecError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What decoding a body raises that is damaged, or was written by a fault."""


class Unreadable(msgspec.Struct, frozen=True):
    """A stored row that cannot be read: its ``kind`` and ``key``, and what is wrong with it. The key of what a dialect
    has learnt is ``DIALECT\\nKEY``."""

    kind: RowKind
    key: str
    problem: str


class DamagedHistory(StoreError):
    """Chunks or rollups of these ``series`` cannot be read; of which, is not known where there are none."""

    code = "store_damaged"

    def __init__(self, series: Iterable[int]) -> None:
        super().__init__("A part of the history cannot be read.", "Please report it with the log.")
        self.series = tuple(sorted({int(number) for number in series}))


@contextmanager
def reading_history(series: Iterable[int] = ()) -> Iterator[None]:
    """Raise :class:`DamagedHistory` for whatever decoding raises inside."""
    try:
        yield
    except UNREADABLE_BODY as error:
        raise DamagedHistory(series) from error


def decoded(
    kind: str, rows: Iterable[tuple[str, bytes]], decode: Callable[[bytes], T], problems: list[Unreadable] | None = None
) -> Iterator[T]:
    """Yield the decoded bodies of ``(key, body)``; those that cannot be read go to ``problems``, or into the log."""
    for key, body in rows:
        try:
            yield decode(body)
        except UNREADABLE_BODY as error:
            problem = f"{type(error).__name__}: {error}"
            if problems is not None:
                # Who asks for problems reads rows of the kinds that RowKind lists.
                problems.append(Unreadable(kind, key, problem))  # type: ignore[arg-type]
            else:
                text = "The stored %s %r cannot be read (%.200s) and is left out of answers. Report this."
                faults.error((kind, key), text, kind, key, problem)
