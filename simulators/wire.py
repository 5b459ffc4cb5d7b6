"""Topics and payloads of the hub's native dialect."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from simulators.machine import Readings

RECORDS_A_MESSAGE = 200
BYTES_A_MESSAGE = 60_000


def topic(root: str, device: str, leaf: str) -> str:
    """Return the topic ``{root}/{device}/{leaf}``."""
    return f"{root}/{device}/{leaf}"


def encode(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def live(readings: Readings, ts: int, seq: int) -> bytes:
    """Return the payload of a live reading; ``ts`` is epoch ms, ``seq`` counts from 0 since start-up."""
    return encode({**readings, "ts": ts, "seq": seq})


def history(records: Iterable[tuple[int, Readings]]) -> Iterator[tuple[int, bytes]]:
    """Yield ``(number of records, payload)`` for past readings ``(ts, readings)``, in as few messages as possible."""
    waiting: list[bytes] = []
    size = 0
    for ts, readings in records:
        record = encode({"ts": ts, "metrics": readings})
        if waiting and (len(waiting) == RECORDS_A_MESSAGE or size + len(record) + 2 > BYTES_A_MESSAGE):
            yield len(waiting), b"[" + b",".join(waiting) + b"]"
            waiting, size = [], 0
        waiting.append(record)
        size += len(record) + 1
    if waiting:
        yield len(waiting), b"[" + b",".join(waiting) + b"]"
