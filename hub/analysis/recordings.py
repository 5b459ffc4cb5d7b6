"""Describe recordings from their measured sound and the transcript. No language model is used."""

from __future__ import annotations

from typing import Any

from hub.ai.builtin import BUILTIN
from hub.analysis.findings import Findings

_TRANSCRIPT = 4_000


def describe(form: str, found: dict[str, Any]) -> Findings:
    """Describe a recording. ``form`` is the file's type, such as ``wav``; ``found`` is the worker process's result."""
    if found["sound"] is None:
        return Findings(f"A {form.upper()} recording. It was not decoded.", BUILTIN)
    channels = "mono" if found["channels"] == 1 else f"{found['channels']} channels"
    parts = [f"A {form.upper()} recording of {found['seconds']:g} s at {found['rate'] / 1000:g} kHz, {channels}."]
    parts += _sound(found["sound"])
    parts.append(_speech(found["speech"]))
    return Findings(" ".join(part for part in parts if part), BUILTIN)


def _sound(sound: dict[str, Any]) -> list[str]:
    if sound["kurtosis"] is None:
        return ["It is silent."]
    sentences = [f"Its level is {sound['level_db']:g} dB of full scale, its peak {sound['peak_db']:g} dB."]
    if sound["clipped"]:
        sentences.append("It is clipped, so the measurements may be wrong.")
    if sound["peaks"]:
        tones = ", ".join(f"{peak['hz']:g} Hz" for peak in sound["peaks"])
        sentences.append(f"Tones stand out at {tones}.")
    if sound["impacts"]:
        sentences.append(
            f"Impacts repeat at {sound['impacts']['hz']:g} Hz. A damaged bearing or gear sounds like this if one of "
            "its characteristic frequencies is near that."
        )
    elif sound["impulsive"]:
        sentences.append(f"It is impulsive (kurtosis {sound['kurtosis']:g}), but no impacts repeat clearly.")
    else:
        sentences.append("No impacts repeat clearly.")
    return sentences


def _speech(speech: dict[str, Any] | None) -> str:
    if speech is None:
        return ""
    text = " ".join(part["text"] for part in speech["parts"])[:_TRANSCRIPT]
    return f"Transcript, as far as it was understood: “{text}”" if text else "No speech was recognized in it."
