"""What the sound of a machine tells by measuring: level, peaks, bands, impulsiveness, and impacts that repeat (the
mark of a bearing). The owner of scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal, stats

BANDS = ((20, 100), (100, 500), (500, 2_000), (2_000, 8_000), (8_000, 20_000))
_IMPULSIVE = 6.0
"""Kurtosis of an even noise is 3, of a sine 1.5."""
_SLOWEST, _FASTEST = 12.0, 400.0
_CLEAR = 8.0
"""How many times the envelope's usual level a line must stand out, it and its second harmonic together."""
_QUIET = 1e-4
"""RMS (-80 dB of full scale) below which a band holds nothing: dither and rounding of 16 bits lie at -98 dB."""
_DEEP = 0.1
"""How much of its mean an envelope must rise and fall with each impact. Noise alone gives a few per cent."""
_SHARP = 0.3
"""How high the second harmonic of an envelope of impacts is beside the first. Two tones that beat give 0.2."""
_TONAL = 0.5
"""Share of a sound's power in a tone and its harmonics above which the tone itself explains the rhythm."""


def measure_sound(samples: np.ndarray, rate: int, *, noise: float = 0.0) -> dict[str, Any]:
    """Measure one channel.

    Args:
        samples: values from -1 to 1.
        rate: samples a second.
        noise: what the file's own encoding adds, as RMS (-1 to 1); nothing below it is taken for sound.

    Returns:
        Levels in dB of full scale (recordings carry no calibration), tones, bands, and impacts that repeat.
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
    found["crest"] = round(peak / rms, 2)
    found["kurtosis"] = round(float(stats.kurtosis(sound, fisher=False)), 2)
    frequency, power = signal.welch(sound, rate, nperseg=min(len(sound), 8_192))
    found["peaks"] = _peaks(frequency, power)
    total = float(power.sum()) or 1.0
    found["bands"] = [
        {"from_hz": low, "to_hz": min(high, rate // 2), "share": round(float(power[inside].sum()) / total, 4)}
        for low, high in BANDS
        if low < rate / 2 and (inside := (frequency >= low) & (frequency < high)).any()
    ]
    impacts = _impacts(sound, rate, max(_QUIET, 3 * noise))
    if impacts and not _is_tone(sound, rate, impacts["hz"]):
        found["impacts"] = impacts
    return found


def _is_tone(sound: np.ndarray, rate: int, hz: float) -> bool:
    """Return whether a tone with harmonics (a voice, a siren, a buzzer) explains a rhythm of ``hz``.

    Impacts are heard through the resonances that they excite: their rate is hardly found in the plain spectrum. The two
    edges of a square wave give an envelope of twice its frequency, so half of ``hz`` is looked at, too.
    """
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    step = rate / len(sound)

    def share(line: float) -> float:
        at, around = round(line / step), max(2, round(0.003 * line / step))
        return float(power[max(at - around, 0) : at + around + 1].sum() / power.sum())

    fundamental = share(hz)
    harmonics = fundamental + sum(share(k * hz) for k in range(2, 9))
    return share(hz / 2) > _TONAL or (fundamental > _TONAL / 10 and harmonics > _TONAL)


def _peaks(frequency: np.ndarray, power: np.ndarray) -> list[dict[str, float]]:
    """The (at most five) tones that stand at least 10 dB out of what is around them."""
    level = 10 * np.log10(power + 1e-20)
    at, _ = signal.find_peaks(level, prominence=10, distance=3)
    around = signal.medfilt(level, 51 if len(level) > 51 else 3)
    chosen = sorted((i for i in at if frequency[i] >= 10), key=lambda i: -level[i])[:5]
    return [
        {"hz": round(_between(frequency, level, i), 1), "above_db": round(float(level[i] - around[i]), 1)}
        for i in chosen
    ]


def _impacts(sound: np.ndarray, rate: int, quiet: float) -> dict[str, float] | None:
    """Find impacts that repeat: a line with its harmonics in the spectrum of the envelope of the high frequencies,
    where a cracked bearing rings. None when nothing repeats clearly, or a band is no louder than ``quiet`` (RMS)."""
    if len(sound) < rate or rate < 4_000:
        return None
    best: dict[str, float] | None = None
    for low, high in ((0.06, 0.2), (0.12, 0.44)):
        band = signal.butter(4, (low * rate, high * rate), "bandpass", fs=rate, output="sos")
        ringing = signal.sosfiltfilt(band, sound)
        if np.sqrt(np.mean(ringing**2)) < quiet:
            continue
        envelope = np.abs(signal.hilbert(ringing))
        found = _repeating(envelope / envelope.mean() - 1, rate)
        if found and (best is None or found["strength"] > best["strength"]):
            best = found
    return best


def _repeating(envelope: np.ndarray, rate: int) -> dict[str, float] | None:
    """Find the strongest line with harmonics in ``envelope``, which is relative to its mean."""
    spectrum = np.abs(np.fft.rfft(envelope * np.hanning(len(envelope))))
    frequency = np.fft.rfftfreq(len(envelope), 1 / rate)
    inside = np.flatnonzero((frequency >= _SLOWEST) & (frequency <= _FASTEST))
    floor = float(np.median(spectrum[(frequency >= _SLOWEST) & (frequency <= 3 * _FASTEST)])) or 1e-12

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
    if height(hz) < _CLEAR or height(2 * hz) < max(_CLEAR / 2, _SHARP * height(hz)) or depth < _DEEP:
        return None
    return {"hz": round(hz, 1), "strength": round(score, 1)}


def _between(frequency: np.ndarray, height: np.ndarray, at: int) -> float:
    """The frequency of a peak between two lines, by a parabola through three."""
    if not 0 < at < len(height) - 1:
        return float(frequency[at])
    left, middle, right = (float(height[i]) for i in (at - 1, at, at + 1))
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend else 0.0
    return float(frequency[at] + shift * (frequency[1] - frequency[0]))


def impulsive(kurtosis: float | None) -> bool:
    return kurtosis is not None and kurtosis >= _IMPULSIVE


def _db(value: float) -> float:
    return round(20 * float(np.log10(max(value, 1e-6))), 1)
