"""Write to a standard output that may be closed, because the terminal or the program that reads it has ended."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def announce(line: str) -> None:
    """Print a line. Ignore an error, such as a closed terminal, because the hub has to keep running."""
    try:
        print(line, flush=True)
    except OSError:
        discard_output()


def discard_output() -> None:
    """Discard what was printed but not yet written, after writing to standard output has failed.

    Otherwise Python would try to write it when the process exits, and report the same error a second time.
    """
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
