"""The job ``picture``: measure an image, and read the text in it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from PIL import Image, ImageOps

from hub.worker import ocr
from hub.worker.image_stats import measure

_MAX_TEXT = 8_000
_UNSEEN = 4
"""Largest difference of brightness (0 to 255) that is not visible."""
_MAX_RATIO = 5
"""Maximum ratio of the sides for text recognition, which enlarges an image by its shorter side."""


def read_picture(data: bytes, *, progress: Callable[[str, int, int], None], kind: str, read: bool) -> dict[str, Any]:
    """Measure an image and read its text.

    Return the fields of :class:`Measured`, ``text`` (the lines in the image; empty unless ``read``) and ``notes``.
    """
    progress("measuring", 0, 2)
    found: dict[str, Any] = msgspec.to_builtins(measure(data, kind), builtin_types=(bytes,))
    found |= {"text": [], "notes": []}
    with Image.open(io.BytesIO(found["upright"]), formats=["JPEG"]) as upright:
        image = upright.convert("RGB")
    if not read or _is_flat(image):
        return found
    if ocr.can_read():
        progress("reading text", 1, 2)
        found["text"] = _bounded(ocr.lines(np.asarray(_pad_narrow(image))))
    else:
        found["notes"].append(ocr.MISSING)
    return found


def _is_flat(image: Image.Image) -> bool:
    """Return True for an image of a single colour. Text recognition takes seconds and can find nothing in it."""
    # Pillow types the extrema of one band and of several alike; here there are several.
    return all(most - least <= _UNSEEN for least, most in image.getextrema())  # type: ignore[misc]


def _pad_narrow(image: Image.Image) -> Image.Image:
    """Add a margin to a very narrow image, because enlarging a narrow image would take too much memory."""
    shortest = max(image.size) // _MAX_RATIO
    size = (max(image.width, shortest), max(image.height, shortest))
    return image if size == image.size else ImageOps.pad(image, size, color="white")


def _bounded(lines: list[str]) -> list[str]:
    kept, size = list[str](), 0
    for line in lines:
        size += len(line)
        if size > _MAX_TEXT:
            break
        kept.append(line)
    return kept
