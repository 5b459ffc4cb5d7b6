"""Argument types that several commands use."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def path(text: str) -> Path:
    """Return the text as a path. Refuse a blank text.

    A blank text, for example from an unset variable, would otherwise mean the current folder.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def file_or_folder(text: str) -> Path:
    """Return the text as a path. Refuse a path that ends in a slash if there is no such folder.

    Otherwise a file with the folder's name could be written while the disk that belongs there is not mounted.
    """
    if text.endswith(os.sep) and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}; create it, or mount the disk that belongs there")
    return path(text)
