"""Commanding devices: which values fit, how they are written, and what becomes of each command. Pure."""

from hub.control.command_tracker import CommandTracker
from hub.control.payload import encode
from hub.control.values import descriptor, fitting, tolerance, wanted

__all__ = ["CommandTracker", "descriptor", "encode", "fitting", "tolerance", "wanted"]
