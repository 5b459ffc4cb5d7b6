"""Commands to devices: validate a value, encode it, track the command until it is confirmed or has failed."""

from hub.control.command_tracker import CommandTracker
from hub.control.payload import encode
from hub.control.values import descriptor, tolerance, validate_value, wanted

__all__ = ["CommandTracker", "descriptor", "encode", "tolerance", "validate_value", "wanted"]
