"""The fast path for repetitive telemetry; ``fast_path.py`` explains it."""

from hub.registry.fastpath.fast_path import Bounds, FastPath, FlushHandler

__all__ = ["Bounds", "FastPath", "FlushHandler"]
