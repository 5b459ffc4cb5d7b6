"""Commands to devices: validate a value, encode it, track what became of it."""

from hub.control.command_tracker import CommandTracker
from hub.control.payload import encode
from hub.control.values import descriptor, fitting, tolerance, wanted

__all__ = ["CommandTracker", "descriptor", "encode", "fitting", "tolerance", "wanted"]
