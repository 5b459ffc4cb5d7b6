"""What can be told of a recording: measured sound and what is said, in sentences. No model of language is asked."""

from __future__ import annotations

from typing import Any

from hub.ai.builtin import BUILTIN
from hub.analysis.findings import Findings

_TRANSCRIPT = 4_000


def described(form: str, found: dict[str, Any]) -> Findings:
    """``found`` is the worker's result for a recording."""
    if found["sound"] is None:
        return Findings(f"A {form.upper()} recording. It was not opened here.", BUILTIN)
    heard = "mono" if found["channels"] == 1 else f"{found['channels']} channels"
    parts = [f"A {form.upper()} recording of {found['seconds']:g} s at {found['rate'] / 1000:g} kHz, {heard}."]
    parts += _sound(found["sound"])
    parts.append(_speech(found["speech"]))
    return Findings(" ".join(part for part in parts if part), BUILTIN)


def _sound(sound: dict[str, Any]) -> list[str]:
    if sound["kurtosis"] is None:
        return ["It is silent."]
    said = [f"Its level is {sound['level_db']:g} dB of full scale, its peak {sound['peak_db']:g} dB."]
    if sound["clipped"]:
        said.append("It is overdriven, so what was measured of it may be wrong.")
    if sound["peaks"]:
        tones = ", ".join(f"{peak['hz']:g} Hz" for peak in sound["peaks"])
        said.append(f"Tones stand out at {tones}.")
    if sound["impacts"]:
        said.append(
            f"Impacts repeat at {sound['impacts']['hz']:g} Hz. A damaged bearing or gear sounds like this if one of "
            "its own frequencies is near that."
        )
    elif sound["impulsive"]:
        said.append(f"It is impulsive (kurtosis {sound['kurtosis']:g}), without a rhythm that repeats clearly.")
    else:
        said.append("No impacts repeat clearly.")
    return said


def _speech(speech: dict[str, Any] | None) -> str:
    if speech is None:
        return ""
    text = " ".join(part["text"] for part in speech["parts"])[:_TRANSCRIPT]
    return f"Said in it, as far as it was understood: “{text}”" if text else "No speech was understood in it."
