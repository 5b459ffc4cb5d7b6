"""Processes for heavy work: one for pictures, PDF, character recognition, sound and speech, one for each table.

In the hub's own process it would starve the messages through the interpreter's lock, and a hostile file could fill its
memory. :class:`Worker` is the hub's side and imports nothing heavy; ``child.py`` is the other side.
"""

from hub.worker.process import Progress, Worker

__all__ = ["Progress", "Worker"]
