"""The short way for telemetry that is like what came before it: taken up by the thousand, as columns.

Most of what a fleet says is one more reading of the same metrics, in time, within all limits. Nothing happens by it but
that values are newer. Such messages are decoded, told apart from repeated ones, taken into the devices' state and
written as columns, at a fraction of what one costs by itself; everything else goes the usual way, message by message.
"""

from hub.registry.fastpath.fast_path import Bounds, FastPath

__all__ = ["Bounds", "FastPath"]
