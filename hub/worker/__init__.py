"""Processes for heavy work: pictures, PDF, text recognition, sound, speech, tables.

In the hub's own process, such work would hold the interpreter lock and delay messages, and a hostile file could exhaust
its memory. :class:`Worker` (process.py) is the hub's side and imports nothing heavy; ``main.py`` runs in the process.
"""

from hub.worker.process import Progress, Worker

__all__ = ["Progress", "Worker"]
