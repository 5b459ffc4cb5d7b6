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


def measure_sound(samples: np.ndarray, rate: int) -> dict[str, Any]:
    """``samples`` are mono, -1 to 1. Levels in dB of full scale: recordings carry no calibration."""
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
    found["impacts"] = _impacts(sound, rate)
    return found


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


def _impacts(sound: np.ndarray, rate: int) -> dict[str, float] | None:
    """Impacts that repeat: a line with its harmonics in the spectrum of the envelope of the high frequencies, where a
    cracked bearing rings. None when nothing repeats clearly."""
    if len(sound) < rate or rate < 4_000:
        return None
    best: dict[str, float] | None = None
    for low, high in ((0.06, 0.2), (0.12, 0.44)):
        band = signal.butter(4, (low * rate, high * rate), "bandpass", fs=rate, output="sos")
        envelope = np.abs(signal.hilbert(signal.sosfiltfilt(band, sound)))
        found = _repeating(envelope - envelope.mean(), rate)
        if found and (best is None or found["strength"] > best["strength"]):
            best = found
    return best


def _repeating(envelope: np.ndarray, rate: int) -> dict[str, float] | None:
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
    if height(hz) < _CLEAR or height(2 * hz) < _CLEAR / 2:
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
