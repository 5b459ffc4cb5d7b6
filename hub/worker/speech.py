"""Transcribe speech with faster-whisper and a model on disk. The only module that uses faster-whisper."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

RATE = 16_000
_MAX_CHARS = 20_000


@lru_cache(maxsize=1)
def _model(folder: str) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)


def transcribe(sound: np.ndarray, folder: str, words: str, progress: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Transcribe speech. Return ``language``, and ``parts``: the text, with its begin and end in seconds.

    ``language`` is None if no speech was found.

    Args:
        sound: one channel with :data:`RATE` samples per second.
        folder: the folder of the model.
        words: names that are likely in the speech.
        progress: called with a stage, the seconds done and the seconds in total.

    Raises:
        ImportError: the ``audio`` extra is not installed.
        OSError, RuntimeError: the model cannot be used.
    """
    segments, info = _model(folder).transcribe(
        sound.astype(np.float32), beam_size=1, initial_prompt=words or None, vad_filter=False
    )
    seconds, parts, size = max(len(sound) // RATE, 1), list[dict[str, Any]](), 0
    for segment in segments:
        # The model invents words for noise; its own scores show that.
        if segment.no_speech_prob > 0.6 or segment.avg_logprob < -1.0:
            continue
        size += len(segment.text)
        if size > _MAX_CHARS:
            break
        parts.append({"from_s": round(segment.start, 1), "to_s": round(segment.end, 1), "text": segment.text.strip()})
        progress("writing down speech", min(int(segment.end), seconds), seconds)
    return {"language": info.language if parts else None, "parts": parts}
