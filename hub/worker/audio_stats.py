"""Measure the sound of a machine: level, tones, bands, impulsiveness, and repeating impacts (as of a damaged bearing).

The only module that uses scipy for analysis. Repeating impacts are found by envelope analysis::

    sound ─▶ band-pass (where a bearing rings) ─▶ envelope ─▶ spectrum ─▶ line with harmonics, 12 to 400 Hz
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal, stats

BANDS = ((20, 100), (100, 500), (500, 2_000), (2_000, 8_000), (8_000, 20_000))
_IMPULSIVE = 6.0
"""Kurtosis from which on a sound is impulsive. Gaussian noise has a kurtosis of 3, a sine 1.5."""
_MIN_HZ, _MAX_HZ = 12.0, 400.0
"""Range of impact rates, in Hz, that is searched."""
_MIN_LINE = 8.0
"""Minimum height of a line in the spectrum of the envelope, as a multiple of the spectrum's median."""
_QUIET = 1e-4
"""RMS (-80 dB of full scale) below which a band counts as silent: dither and rounding of 16 bits are at -98 dB."""
_HANN_LINES = 1.5
"""Number of lines of a spectrum over which a Hann window spreads the power of a tone."""
_MIN_DEPTH = 0.1
"""Minimum modulation of the envelope for impacts, as a fraction of its mean. Noise alone gives a few per cent."""
_MIN_HARMONIC = 0.3
"""Minimum height of the second harmonic for impacts, relative to the first. The beat of two tones gives 0.2."""
_TONAL = 0.5
"""If a tone and its harmonics have more than this fraction of the power, the repetition is the tone, not impacts."""


def measure_sound(samples: np.ndarray, rate: int, *, noise: float = 0.0) -> dict[str, Any]:
    """Measure one channel.

    Args:
        samples: values from -1 to 1.
        rate: samples per second.
        noise: RMS of the encoding's quantization noise; nothing below three times ``noise`` counts as sound.

    Returns:
        Levels in dB of full scale (recordings are not calibrated), tones, bands, and repeating impacts.
    """
    sound = samples - samples.mean()
    rms = float(np.sqrt(np.mean(sound**2)))
    peak = float(np.abs(samples).max(initial=0.0))
    found: dict[str, Any] = {
        "level_db": _db(rms),
        "peak_db": _db(peak),
        "clipped": bool((np.abs(samples) >= 0.999).mean() > 1e-4),
        "crest": None,
        "kurtosis": None,
        "peaks": [],
        "bands": [],
        "impacts": None,
    }
    if rms < 1e-5:
        return found
    found["crest"] = round(float(np.abs(sound).max()) / rms, 2)
    found["kurtosis"] = round(float(stats.kurtosis(sound, fisher=False)), 2)
    frequency, power = signal.welch(sound, rate, nperseg=min(len(sound), 8_192))
    quiet = max(_QUIET, 3 * noise)
    found["peaks"] = _peaks(frequency, power, quiet)
    total = float(power.sum()) or 1.0
    found["bands"] = [
        {"from_hz": low, "to_hz": min(high, rate // 2), "share": round(float(power[inside].sum()) / total, 4)}
        for low, high in BANDS
        if low < rate / 2 and (inside := (frequency >= low) & (frequency < high)).any()
    ]
    impacts = _impacts(sound, rate, quiet)
    if impacts and not _is_tone(sound, rate, impacts["hz"]):
        found["impacts"] = impacts
    return found


def _is_tone(sound: np.ndarray, rate: int, hz: float) -> bool:
    """Return True if the repetition at ``hz`` comes from a harmonic tone (voice, siren, buzzer) and not from impacts.

    A tone has most of its power at ``hz`` and its multiples. Impacts excite resonances at other frequencies, and the
    plain spectrum hardly shows their rate. The two edges of a square wave give an envelope of twice its frequency, so
    half of ``hz`` is checked, too.
    """
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    step = rate / len(sound)

    def share(line: float) -> float:
        at, around = round(line / step), max(2, round(0.003 * line / step))
        return float(power[max(at - around, 0) : at + around + 1].sum() / power.sum())

    fundamental = share(hz)
    harmonics = fundamental + sum(share(k * hz) for k in range(2, 9))
    return share(hz / 2) > _TONAL or (fundamental > _TONAL / 10 and harmonics > _TONAL)


def _peaks(frequency: np.ndarray, power: np.ndarray, quiet: float) -> list[dict[str, float]]:
    """Return up to five of the loudest tones that are at least 10 dB above the spectrum around them.

    Tones that are no louder than ``quiet`` (RMS) are left out: the rounding of a clean tone adds many inaudible tones.
    """
    level = 10 * np.log10(power + 1e-20)
    at, _ = signal.find_peaks(level, prominence=10, distance=3)
    around = signal.medfilt(level, 51) if len(level) > 51 else np.full(len(level), np.median(level))
    audible = power * _HANN_LINES * (frequency[1] - frequency[0]) > quiet**2
    clear = audible & (level - around >= 10) & (frequency >= 10)
    chosen = sorted((i for i in at if clear[i]), key=lambda i: -level[i])[:5]
    return [
        {"hz": round(_between(frequency, level, i), 1), "above_db": round(float(level[i] - around[i]), 1)}
        for i in chosen
    ]


def _impacts(sound: np.ndarray, rate: int, quiet: float) -> dict[str, float] | None:
    """Return the rate (Hz) and the strength of repeating impacts in a sound; None if there are no clear impacts.

    Frequency bands that are no louder than ``quiet`` (RMS) are skipped.
    """
    if len(sound) < rate or rate < 4_000:
        return None
    best: dict[str, float] | None = None
    for low, high in ((0.06, 0.2), (0.12, 0.44)):
        band = signal.butter(4, (low * rate, high * rate), "bandpass", fs=rate, output="sos")
        ringing = signal.sosfiltfilt(band, sound)
        if np.sqrt(np.mean(ringing**2)) < quiet:
            continue
        envelope = np.abs(signal.hilbert(ringing))
        found = _strongest_line(envelope / envelope.mean() - 1, rate)
        if found and (best is None or found["strength"] > best["strength"]):
            best = found
    return best


def _strongest_line(envelope: np.ndarray, rate: int) -> dict[str, float] | None:
    """Return how often impacts repeat, as the frequency of the strongest line in the spectrum of ``envelope``.

    ``envelope`` is the loudness over time, divided by its mean, minus 1, with ``rate`` values a second. The line must
    have harmonics. The result has ``hz`` and ``strength``. Return None if no line is strong enough.
    """
    spectrum = np.abs(np.fft.rfft(envelope * np.hanning(len(envelope))))
    frequency = np.fft.rfftfreq(len(envelope), 1 / rate)
    inside = np.flatnonzero((frequency >= _MIN_HZ) & (frequency <= _MAX_HZ))
    floor = float(np.median(spectrum[(frequency >= _MIN_HZ) & (frequency <= 3 * _MAX_HZ)])) or 1e-12

    def height(hz: float) -> float:
        near = np.abs(frequency - hz) <= max(1.5, 0.005 * hz)
        return float(spectrum[near].max(initial=0.0)) / floor

    tops = inside[(spectrum[inside] >= spectrum[inside - 1]) & (spectrum[inside] >= spectrum[inside + 1])]
    strongest = tops[np.argsort(spectrum[tops])[-12:]]
    scored = [(height(f) + height(2 * f) + 0.5 * height(3 * f), int(i)) for i in strongest if (f := frequency[i])]
    if not scored:
        return None
    score, at = max(scored)
    hz = _between(frequency, spectrum, at)
    # The window halves a line's amplitude, and half of it lies at the negative frequency.
    depth = height(hz) * floor * 4 / len(envelope)
    harmonic = max(_MIN_LINE / 2, _MIN_HARMONIC * height(hz))
    if height(hz) < _MIN_LINE or height(2 * hz) < harmonic or depth < _MIN_DEPTH:
        return None
    return {"hz": round(hz, 1), "strength": round(score, 1)}


def _between(frequency: np.ndarray, height: np.ndarray, at: int) -> float:
    """Return the frequency of the peak at index ``at``, interpolated by a parabola through three neighbouring lines."""
    if not 0 < at < len(height) - 1:
        return float(frequency[at])
    left, middle, right = (float(height[i]) for i in (at - 1, at, at + 1))
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend else 0.0
    return float(frequency[at] + shift * (frequency[1] - frequency[0]))


def impulsive(kurtosis: float | None) -> bool:
    """Return True if the kurtosis, a statistic of the samples, shows that the sound has impulses such as impacts."""
    return kurtosis is not None and kurtosis >= _IMPULSIVE


def _db(value: float) -> float:
    return round(20 * float(np.log10(max(value, 1e-6))), 1)
