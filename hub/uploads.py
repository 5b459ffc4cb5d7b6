"""Files that people send: what kind they really are, and a name that is safe to show. By content, never by name."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from hub.errors import TooLarge, WrongType

IMAGE_LIMIT = 10 * 1024 * 1024
ImageKind = Literal["png", "jpeg"]
_MAGIC: tuple[tuple[bytes, ImageKind], ...] = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"))


def image_kind(data: bytes) -> ImageKind:
    """Raises TooLarge above :data:`IMAGE_LIMIT`, WrongType for anything that does not begin as PNG or JPEG."""
    if len(data) > IMAGE_LIMIT:
        raise TooLarge(f"The image has more than {IMAGE_LIMIT // 1024 // 1024} MB.", "Send a smaller one.")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    raise WrongType("The file is neither a PNG nor a JPEG image.", "Its content counts, not its name.")


def safe_name(name: str | None, fallback: str = "upload") -> str:
    """The last part of a name, printable, without separators or leading dots, at most 100 characters."""
    last = PurePosixPath(PureWindowsPath(name or "").name).name
    plain = unicodedata.normalize("NFC", last)
    plain = "".join(c for c in plain if unicodedata.category(c)[0] not in "CZ" or c == " ")
    plain = re.sub(r'[<>:"/\\|?*\s]+', " ", plain).strip(" .")
    if len(plain) > 100:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: 99 - len(ending)]}.{ending}" if dot and len(ending) <= 5 else plain[:100]
    return plain or fallback
