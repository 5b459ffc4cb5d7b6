"""The job ``recording``: decode it, measure its sound, write down what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hub.errors import WrongType
from hub.worker.audio_decoding import MOST_SECONDS, decoded
from hub.worker.endings import CUT_OFF, ends_early

MISSING = "The recording was not opened: that needs the audio extra (pip install 'watchkeeper[audio]')."
NO_WEIGHTS = (
    "Speech was not written down here: that needs a provider that transcribes, or the folder of a faster-whisper model "
    "in analysis.speech_model."
)


def read_recording(
    data: bytes, *, tell: Callable[[str, int, int], None], speech_model: str | None, words: str, hear: bool
) -> dict[str, Any]:
    """``seconds``, ``rate``, ``channels``, ``sound`` (see :func:`measure_sound`), ``speech`` (parts with their times,
    or None), ``notes``. With ``hear`` off somebody else writes down what is said."""
    tell("decoding", 0, 3)
    try:
        import soundfile

        from hub.worker.audio_stats import impulsive, measure_sound
    except ImportError:
        return {"seconds": None, "rate": None, "channels": None, "sound": None, "speech": None, "notes": [MISSING]}
    notes: list[str] = []
    try:
        heard = decoded(soundfile, data)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError):
        if ends_early(data):
            raise _without_sound() from None
        raise WrongType("The recording is damaged.", "Export it again.") from None
    seconds = len(heard.loudest) / heard.rate
    if heard.cut:
        told = f" of {heard.whole:.1f}" if heard.whole > seconds + 0.05 else ""
        notes.append(f"The file ends early: only the {seconds:.1f}{told} seconds that are there were analysed.")
    if not len(heard.loudest) or heard.rate < 1_000:
        if heard.cut:
            raise _without_sound()
        raise WrongType("There is no sound in the recording.", "Send at least a tenth of a second.")
    if heard.whole > MOST_SECONDS and not heard.cut:
        notes.append(f"Only the first {MOST_SECONDS // 60} minutes of {heard.whole / 60:.0f} were analysed.")
    if heard.channels > 1:
        notes.append(f"Measured on channel {heard.channel} of {heard.channels}, the loudest.")
    tell("measuring sound", 1, 3)
    sound = measure_sound(heard.loudest, heard.rate, noise=heard.noise)
    sound["impulsive"] = impulsive(sound["kurtosis"])
    speech = None
    if hear:
        tell("writing down speech", 2, 3)
        speech = _speech(heard.speech, heard.rate, speech_model, words, tell, notes)
    return {
        "seconds": round(seconds, 2),
        "rate": heard.rate,
        "channels": heard.channels,
        "sound": sound,
        "speech": speech,
        "notes": notes,
    }


def _without_sound() -> WrongType:
    return WrongType("The recording ends early, before any of its sound.", CUT_OFF)


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
