"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse
from pathlib import Path


def path(text: str) -> Path:
    """Return a path. A blank one, such as that of an unset variable, would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)
