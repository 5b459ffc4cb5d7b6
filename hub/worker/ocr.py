"""Text recognition in images. The only module that uses rapidocr (the ``vision`` extra)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

MISSING = "Text in pictures was not read: that needs the vision extra (pip install 'watchkeeper[vision]')."
_MIN_SCORE = 0.5


@lru_cache(maxsize=1)
def _engine() -> Any:
    """Return the engine for text recognition; None if the extra ``vision`` is not installed."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        return None
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", **threads})


def can_read() -> bool:
    """Return True if text recognition (the ``vision`` extra) is installed."""
    return _engine() is not None


def lines(rgb: np.ndarray) -> list[str]:
    """Return the lines of text in an RGB image, from the top. Lines with a low score are left out."""
    engine = _engine()
    if engine is None:
        return []
    found = engine(np.ascontiguousarray(rgb[:, :, ::-1]))
    if found.txts is None:
        return []
    return [text for text, score in zip(found.txts, found.scores, strict=True) if score >= _MIN_SCORE and text.strip()]
