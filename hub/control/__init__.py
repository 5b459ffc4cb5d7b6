"""Commands to devices: validate a command's value, encode it, and track the command until it is settled."""

from hub.control.command_tracker import CommandTracker
from hub.control.payload import encode
from hub.control.values import descriptor, tolerance, validate_value, wanted

__all__ = ["CommandTracker", "descriptor", "encode", "tolerance", "validate_value", "wanted"]
