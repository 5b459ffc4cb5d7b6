"""Writing down what is said in a recording. The owner of faster-whisper; the weights are the user's own, on disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

RATE = 16_000
_MOST_CHARS = 20_000


@lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


def transcribe(sound: np.ndarray, folder: str, words: str, tell: Callable[[str, int, int], None]) -> dict[str, Any]:
    """``sound`` is mono at :data:`RATE`; ``words`` are the site's own, to be expected. Raises ImportError without the
    extra, OSError or RuntimeError without usable weights."""
    segments, info = _model(folder).transcribe(
        sound.astype(np.float32), beam_size=1, initial_prompt=words or None, vad_filter=False
    )
    seconds, parts, size = max(len(sound) // RATE, 1), list[dict[str, Any]](), 0
    for segment in segments:
        # What is no speech gets words as well; the model's own doubt tells.
        if segment.no_speech_prob > 0.6 or segment.avg_logprob < -1.0:
            continue
        size += len(segment.text)
        if size > _MOST_CHARS:
            break
        parts.append({"from_s": round(segment.start, 1), "to_s": round(segment.end, 1), "text": segment.text.strip()})
        tell("writing down speech", min(int(segment.end), seconds), seconds)
    return {"language": info.language if parts else None, "parts": parts}
