"""The fast path for repetitive telemetry; ``fast_path.py`` explains it."""

from hub.registry.fastpath.fast_path import Bounds, FastPath, FlushHandler
from hub.registry.fastpath.recent_readings import Follow

__all__ = ["Bounds", "FastPath", "FlushHandler", "Follow"]
