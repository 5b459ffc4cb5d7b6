"""Keep what the hub cannot read of a file in its data folder under another name, so that it is not overwritten."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

SUFFIX = ".unreadable"
MAX_SHOWN = 5


def set_aside(file: Path, faults: Sequence[str], *, copy: bool) -> None:
    """Keep what cannot be read of ``file`` under a new name, such as ``areas.unreadable``, and log why.

    Args:
        file: The file.
        faults: What cannot be read, and why; one sentence each.
        copy: True if other entries of the file can be read: the file stays, and a copy gets the new name. Otherwise the
            file itself is renamed.
    """
    try:
        kept = _copied(file) if copy else _renamed(file)
    except OSError as error:
        kept = f"not kept ({error.strerror})"
    for fault in faults[:MAX_SHOWN]:
        log.error("%s The original file is %s.", fault, kept)
    if len(faults) > MAX_SHOWN:
        log.error("%s has %d more entries that cannot be read.", file, len(faults) - MAX_SHOWN)


def set_aside_files(folder: Path) -> list[str]:
    """Return the names of those files in the data folder that were renamed or copied because they could not be read."""
    return sorted(file.name for file in folder.glob(f"*{SUFFIX}"))


def is_set_aside(file: Path) -> bool:
    """Return whether ``file`` was renamed because none of it could be read, and has not been written again since."""
    return not file.exists() and any(file.parent.glob(f"{file.stem}*{SUFFIX}"))


def _copied(file: Path) -> str:
    content = file.read_bytes()
    for earlier in file.parent.glob(f"{file.stem}*{SUFFIX}"):
        if earlier.read_bytes() == content:  # set aside at an earlier start
            return f"kept as {earlier.name}"
    target = _free_name(file)
    replace_file(target, content)
    return f"kept as {target.name}"


def _renamed(file: Path) -> str:
    target = _free_name(file)
    file.replace(target)
    return f"kept as {target.name}"


def _free_name(file: Path) -> Path:
    target, number = file.with_suffix(SUFFIX), 1
    while target.exists():
        number += 1
        target = file.with_name(f"{file.stem}-{number}{SUFFIX}")
    return target
