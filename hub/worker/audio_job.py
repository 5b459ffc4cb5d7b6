"""The job ``recording``: decode a recording, measure its sound, transcribe its speech."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hub.errors import WrongType
from hub.worker.audio_decoding import MAX_SECONDS, decode_recording
from hub.worker.endings import CUT_OFF, ends_early

MISSING = "The recording was not opened: that needs the audio extra (pip install 'watchkeeper[audio]')."
NO_WEIGHTS = (
    "Speech was not transcribed: that needs a provider that transcribes, or the folder of a faster-whisper model in "
    "analysis.speech_model."
)


def read_recording(
    data: bytes, *, progress: Callable[[str, int, int], None], speech_model: str | None, words: str, transcribe: bool
) -> dict[str, Any]:
    """Decode, measure and transcribe a recording.

    Args:
        data: the file.
        progress: called with a stage, the number of parts done, and the number of all parts.
        speech_model: the folder of a faster-whisper model; None: no transcript.
        words: names that are likely in the speech.
        transcribe: whether to transcribe the speech in this process.

    Returns:
        ``seconds``, ``rate``, ``channels``, ``sound`` (see :func:`measure_sound`), ``speech`` (parts with their times,
        or None) and ``notes``.

    Raises:
        WrongType: the file is damaged or has no sound.
    """
    progress("decoding", 0, 3)
    try:
        import soundfile

        from hub.worker.audio_stats import impulsive, measure_sound
    except ImportError:
        return {"seconds": None, "rate": None, "channels": None, "sound": None, "speech": None, "notes": [MISSING]}
    notes: list[str] = []
    try:
        recording = decode_recording(soundfile, data)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError):
        if ends_early(data):
            raise _without_sound() from None
        raise WrongType("The recording is damaged.", "Export it again.") from None
    seconds = len(recording.loudest) / recording.rate
    if recording.cut:
        of_whole = f" of {recording.stated_seconds:.1f}" if recording.stated_seconds > seconds + 0.05 else ""
        notes.append(f"The file ends early: only the first {seconds:.1f}{of_whole} seconds were analysed.")
    if not len(recording.loudest) or recording.rate < 1_000:
        if recording.cut:
            raise _without_sound()
        raise WrongType("There is no sound in the recording.", "Send at least a tenth of a second.")
    if recording.stated_seconds > MAX_SECONDS and not recording.cut:
        minutes = recording.stated_seconds / 60
        notes.append(f"Only the first {MAX_SECONDS // 60} minutes of {minutes:.0f} were analysed.")
    if recording.channels > 1:
        notes.append(f"Measured on channel {recording.channel} of {recording.channels}, the loudest.")
    progress("measuring sound", 1, 3)
    sound = measure_sound(recording.loudest, recording.rate, noise=recording.noise)
    sound["impulsive"] = impulsive(sound["kurtosis"])
    speech = None
    if transcribe:
        progress("writing down speech", 2, 3)
        speech = _speech(recording.speech, recording.rate, speech_model, words, progress, notes)
    return {
        "seconds": round(seconds, 2),
        "rate": recording.rate,
        "channels": recording.channels,
        "sound": sound,
        "speech": speech,
        "notes": notes,
    }


def _without_sound() -> WrongType:
    return WrongType("The recording ends early: it has no sound.", CUT_OFF)


def _speech(
    mono: np.ndarray,
    rate: int,
    folder: str | None,
    words: str,
    progress: Callable[[str, int, int], None],
    notes: list[str],
) -> dict[str, Any] | None:
    if folder is None:
        notes.append(NO_WEIGHTS)
        return None
    if not (Path(folder) / "model.bin").is_file():
        notes.append(
            "Speech was not transcribed: there is no faster-whisper model in the folder of analysis.speech_model."
        )
        return None
    try:
        from scipy.signal import resample_poly

        from hub.worker.speech import RATE, transcribe

        return transcribe(resample_poly(mono, RATE, rate) if rate != RATE else mono, folder, words, progress)
    except ImportError:
        notes.append("Speech was not transcribed: that needs the audio extra (pip install 'watchkeeper[audio]').")
    except (OSError, RuntimeError, ValueError):
        notes.append("Speech was not transcribed: the model of analysis.speech_model cannot be used.")
    return None
