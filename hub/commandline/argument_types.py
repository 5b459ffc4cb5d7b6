"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def path(text: str) -> Path:
    """Return a path. A blank one, such as that of an unset variable, would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def file_or_folder(text: str) -> Path:
    """Return a path. One that ends in a slash must be an existing folder: a disk may not be mounted there."""
    if text.endswith(os.sep) and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}; create it, or mount the disk that belongs there")
    return path(text)
