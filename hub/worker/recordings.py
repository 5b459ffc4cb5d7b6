"""The job ``recording``: decode it, measure its sound, write down what is said. The owner of soundfile."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hub.errors import WrongType

MISSING = "The recording was not opened: that needs the audio extra (pip install 'watchkeeper[audio]')."
NO_WEIGHTS = (
    "Speech was not written down here: that needs a provider that transcribes, or the folder of a faster-whisper model "
    "in analysis.speech_model."
)
MOST_SECONDS = 600
_BLOCK = 262_144


def read_recording(
    data: bytes, *, tell: Callable[[str, int, int], None], speech_model: str | None, words: str, hear: bool
) -> dict[str, Any]:
    """``seconds``, ``rate``, ``channels``, ``sound`` (see :func:`measure_sound`), ``speech`` (parts with their times,
    or None), ``notes``. With ``hear`` off somebody else writes down what is said."""
    tell("decoding", 0, 3)
    try:
        import soundfile

        from hub.worker.sound import impulsive, measure_sound
    except ImportError:
        return {"seconds": None, "rate": None, "channels": None, "sound": None, "speech": None, "notes": [MISSING]}
    notes: list[str] = []
    try:
        mono, rate, channels, whole = _decoded(soundfile, data)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError):
        raise WrongType("The recording is damaged.", "Export it again.") from None
    if not len(mono) or rate < 1_000:
        raise WrongType("There is no sound in the recording.", "Send at least a tenth of a second.")
    if whole > MOST_SECONDS:
        notes.append(f"Only the first {MOST_SECONDS // 60} minutes of {whole / 60:.0f} were analysed.")
    tell("measuring sound", 1, 3)
    sound = measure_sound(mono, rate)
    sound["impulsive"] = impulsive(sound["kurtosis"])
    speech = None
    if hear:
        tell("writing down speech", 2, 3)
        speech = _speech(mono, rate, speech_model, words, tell, notes)
    return {
        "seconds": round(len(mono) / rate, 2),
        "rate": rate,
        "channels": channels,
        "sound": sound,
        "speech": speech,
        "notes": notes,
    }


def _decoded(soundfile: Any, data: bytes) -> tuple[np.ndarray, int, int, float]:
    """Mono, in blocks and up to the bound, whatever the head says: (samples, rate, channels, seconds as told)."""
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        if file.channels > 16 or file.samplerate > 400_000:
            raise ValueError("no recording of a machine has so much")
        most, parts, size = MOST_SECONDS * file.samplerate, list[np.ndarray](), 0
        while size < most:
            block = file.read(min(_BLOCK, most - size), dtype="float32", always_2d=True)
            if not len(block):
                break
            parts.append(block.mean(axis=1))
            size += len(block)
        mono = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        whole = file.frames / file.samplerate if 0 < file.frames < 2**50 else len(mono) / file.samplerate
        return np.nan_to_num(mono).clip(-8, 8), file.samplerate, file.channels, whole


def _speech(
    mono: np.ndarray,
    rate: int,
    folder: str | None,
    words: str,
    tell: Callable[[str, int, int], None],
    notes: list[str],
) -> dict[str, Any] | None:
    if folder is None:
        notes.append(NO_WEIGHTS)
        return None
    if not (Path(folder) / "model.bin").is_file():
        notes.append(
            "Speech was not written down: there is no faster-whisper model in the folder of analysis.speech_model."
        )
        return None
    try:
        from scipy.signal import resample_poly

        from hub.worker.speech import RATE, transcribe

        return transcribe(resample_poly(mono, RATE, rate) if rate != RATE else mono, folder, words, tell)
    except ImportError:
        notes.append("Speech was not written down: that needs the audio extra (pip install 'watchkeeper[audio]').")
    except (OSError, RuntimeError, ValueError):
        notes.append("Speech was not written down: the model of analysis.speech_model cannot be used.")
    return None
