"""Processes for heavy work: pictures, PDF, text recognition, sound, speech, tables.

In the hub's own process it would starve the messages through the interpreter's lock, and a hostile file could fill its
memory. :class:`Worker` is the hub's side and imports nothing heavy; ``child.py`` is the other side.
"""

from hub.worker.process import Progress, Worker

__all__ = ["Progress", "Worker"]
