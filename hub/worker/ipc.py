"""Messages between the hub and its worker process: msgpack over a pipe, each message preceded by its length."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from hub.errors import Invalid, NotInstalled, WrongType

HEAD = struct.Struct(">I")
MAX_BYTES = 64 * 1024 * 1024
FAULTS = (WrongType, Invalid, NotInstalled)
"""Errors that the worker passes on to the caller. All other errors become WorkFailed."""


class WorkerJob(msgspec.Struct, frozen=True):
    """A job: the name of its function (see ``main.py``), the file, keyword arguments and the CPU time in seconds."""

    task: str
    data: bytes
    options: dict[str, Any]
    cpu_s: int


class WorkerProgress(msgspec.Struct, frozen=True, tag="step"):
    """Progress of a job: the number of finished parts and the number of all parts of the current ``stage``."""

    stage: str
    done: int
    total: int


class WorkerDone(msgspec.Struct, frozen=True, tag="done"):
    result: dict[str, Any]


class WorkerFailed(msgspec.Struct, frozen=True, tag="failed"):
    """Tells the hub that a job has failed.

    ``fault`` is the code of the error; ``worker`` for an error that is not in :data:`FAULTS`.
    """

    fault: str
    message: str
    hint: str


Reply = WorkerProgress | WorkerDone | WorkerFailed


def encode_frame(message: WorkerJob | Reply) -> bytes:
    """Return a message preceded by its length."""
    body = msgspec.msgpack.encode(message)
    return HEAD.pack(len(body)) + body


decode_reply = msgspec.msgpack.Decoder(Reply).decode
decode_job = msgspec.msgpack.Decoder(WorkerJob).decode
