"""What the hub and its worker say to each other over a pipe: msgpack, each with its length before it."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from hub.errors import Invalid, NotInstalled, WrongType

HEAD = struct.Struct(">I")
MOST_BYTES = 64 * 1024 * 1024
FAULTS = (WrongType, Invalid, NotInstalled)
"""Errors that the hub raises as they were in the worker."""


class WorkerJob(msgspec.Struct, frozen=True):
    """``task`` is a name in the child's table, ``data`` the file, ``options`` what that task wants to know."""

    task: str
    data: bytes
    options: dict[str, Any]


class WorkerProgress(msgspec.Struct, frozen=True, tag="step"):
    """How far a job is: ``done`` of ``of`` parts of a ``stage``."""

    stage: str
    done: int
    of: int


class WorkerDone(msgspec.Struct, frozen=True, tag="done"):
    result: dict[str, Any]


class WorkerFailed(msgspec.Struct, frozen=True, tag="failed"):
    """``fault`` is the file's, the code of one of :data:`FAULTS`, or the worker's own (``worker``)."""

    fault: str
    message: str
    hint: str


Said = WorkerProgress | WorkerDone | WorkerFailed


def packed(message: WorkerJob | Said) -> bytes:
    body = msgspec.msgpack.encode(message)
    return HEAD.pack(len(body)) + body


said = msgspec.msgpack.Decoder(Said).decode
job = msgspec.msgpack.Decoder(WorkerJob).decode
