"""The job ``picture``: measure it, and read what is written in it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from PIL import Image, ImageOps

from hub.worker import ocr
from hub.worker.image_stats import measure

_MOST_TEXT = 8_000
_MOST_RATIO = 5
"""Of the sides of a picture in which text is sought: it is enlarged by its shorter one."""


def read_picture(data: bytes, *, tell: Callable[[str, int, int], None], kind: str, read: bool) -> dict[str, Any]:
    """A :class:`Measured` as a mapping, with ``text`` (lines) and ``notes``. Without ``read`` no text is sought."""
    tell("measuring", 0, 2)
    found: dict[str, Any] = msgspec.to_builtins(measure(data, kind), builtin_types=(bytes,))
    found |= {"text": [], "notes": []}
    if read and ocr.can_read():
        tell("reading text", 1, 2)
        with Image.open(io.BytesIO(found["upright"]), formats=["JPEG"]) as upright:
            found["text"] = _short(ocr.lines(np.asarray(_wide_enough(upright.convert("RGB")))))
    elif read:
        found["notes"].append(ocr.MISSING)
    return found


def _wide_enough(image: Image.Image) -> Image.Image:
    """Return ``image`` with a margin where it is so narrow that enlarging it would take all memory."""
    least = max(image.size) // _MOST_RATIO
    size = (max(image.width, least), max(image.height, least))
    return image if size == image.size else ImageOps.pad(image, size, color="white")


def _short(lines: list[str]) -> list[str]:
    kept, size = list[str](), 0
    for line in lines:
        size += len(line)
        if size > _MOST_TEXT:
            break
        kept.append(line)
    return kept
