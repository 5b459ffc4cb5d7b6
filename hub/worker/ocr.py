"""Reading what is written in a picture. The owner of rapidocr (the ``vision`` extra)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

MISSING = "Text in pictures was not read: that needs the vision extra (pip install 'watchkeeper[vision]')."
_SURE = 0.5


@lru_cache(maxsize=1)
def _engine() -> Any:
    """None where the extra is not installed."""
    try:
        from rapidocr import RapidOCR
    except ImportError:
        return None
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", **threads})


def can_read() -> bool:
    return _engine() is not None


def lines(rgb: np.ndarray) -> list[str]:
    """The lines of text of an RGB picture, from the top; those that were guessed at are left out."""
    engine = _engine()
    if engine is None:
        return []
    found = engine(np.ascontiguousarray(rgb[:, :, ::-1]))
    if found.txts is None:
        return []
    return [text for text, score in zip(found.txts, found.scores, strict=True) if score >= _SURE and text.strip()]
