"""The languages devices speak. Each is one file; the first in the table that owns a topic reads it."""

from __future__ import annotations

from collections.abc import Callable

from hub.dialects.base import Change, Dialect, Effect, Publish, Reply, Result, Subscribe, Unsubscribe, View
from hub.dialects.native import NativeDialect
from hub.dialects.payload import rejection

DIALECTS: dict[str, Callable[[str], Dialect]] = {"native": NativeDialect}
"""Name -> how to make it for a topic root, in order of ownership: native beats discovery."""

__all__ = [
    "DIALECTS",
    "Change",
    "Dialect",
    "Effect",
    "NativeDialect",
    "Publish",
    "Reply",
    "Result",
    "Subscribe",
    "Unsubscribe",
    "View",
    "rejection",
]
