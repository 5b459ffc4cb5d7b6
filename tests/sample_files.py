"""Sample files for analysis, generated so that their content is known: PDF, pictures, recordings."""

from __future__ import annotations

import io

import numpy as np
import soundfile
from PIL import Image, ImageDraw, ImageFont

RATE = 20_000


def pdf(*pages: str) -> bytes:
    from fpdf import FPDF  # here, as it takes 0.2 s in each process that collects tests

    made = FPDF()
    made.set_font("helvetica", size=12)
    for text in pages:
        made.add_page()
        made.multi_cell(0, 8, text)
    return bytes(made.output())


def plate(*lines: str) -> Image.Image:
    """Draw the nameplate of a machine, or the given lines."""
    image = Image.new("RGB", (800, 300), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(40)
    for at, line in enumerate(lines or ("PUMP P-101  7.5 kW", "SERIAL 48213")):
        draw.text((40, 60 + 90 * at), line, fill="black", font=font)
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def scan(image: Image.Image, pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PDF", save_all=True, append_images=[image] * (pages - 1))
    return buffer.getvalue()


def sound(samples: np.ndarray, kind: str = "WAV", rate: int = RATE, subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def machine(fault_hz: float | None, seed: int = 3, seconds: float = 5.0) -> np.ndarray:
    """Return a hum with noise. A fault adds a decaying 3.2 kHz ring each time a ball passes the crack."""
    rng, t = np.random.default_rng(seed), np.arange(int(seconds * RATE)) / RATE
    made = 0.1 * np.sin(2 * np.pi * 49.5 * t) + rng.normal(0, 0.03, t.size)
    if fault_hz:
        since = t % (1 / fault_hz)
        made += 0.25 * np.exp(-since * 900) * np.sin(2 * np.pi * 3_200 * since)
    return made.clip(-1, 1)
