"""Types of arguments that several commands have."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def path(text: str) -> Path:
    """Return a path. Refuse a blank one, for example from an unset variable, which would mean the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def file_or_folder(text: str) -> Path:
    """Return a path. If it ends in a slash, it must be an existing folder, since a disk may not be mounted."""
    if text.endswith(os.sep) and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}; create it, or mount the disk that belongs there")
    return path(text)
