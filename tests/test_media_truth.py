"""Unusual pictures and recordings: 16-bit grey, transparency, missing sizes, opposite channels, tones."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageFont

from hub.worker import Worker
from sample_files import RATE, machine, plate, png, sound

# Reading text keeps a core busy for seconds, and for many times that on a machine under load.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[Worker]:
    opened = Worker(cpu_s=200)
    yield opened
    await opened.close()


async def picture(worker: Worker, data: bytes, kind: str = "png") -> dict[str, Any]:
    return await worker.run("picture", data, kind=kind, read=True)


async def recording(worker: Worker, data: bytes) -> dict[str, Any]:
    return await worker.run("recording", data, speech_model=None, words="", transcribe=False)


# -- pictures ----------------------------------------------------------------------------------------------------------


def deep(image: Image.Image) -> Image.Image:
    """Convert a grey picture to 16 bits a pixel."""
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)


def transparent(mode: str, ink: str = "black") -> Image.Image:
    """Draw letters on a transparent background whose invisible pixels have the colour of the letters."""
    letters = Image.new("L", (800, 300), 0)
    ImageDraw.Draw(letters).text((40, 100), "VALVE V-207 OPEN", fill=255, font=ImageFont.load_default(60))
    image = Image.new("RGB", letters.size, ink).convert(mode.rstrip("A"))
    image.putalpha(letters)
    return image


@pytest.mark.parametrize("level", [0, 64, 128, 255])
async def test_16_bit_grey_keeps_its_brightness(worker: Worker, level: int) -> None:
    found = await picture(worker, png(deep(Image.new("L", (64, 64), level))))
    assert found["brightness"] == pytest.approx(level / 255, abs=0.01)


async def test_text_in_16_bit_picture_is_read(worker: Worker) -> None:
    found = await picture(worker, png(deep(plate())))
    assert any("P-101" in line for line in found["text"])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
async def test_text_on_transparent_background_is_read(worker: Worker, mode: str) -> None:
    found = await picture(worker, png(transparent(mode)))
    assert any("V-207" in line for line in found["text"])
    assert found["brightness"] > 0.8


async def test_white_text_on_transparent_background_is_read(worker: Worker) -> None:
    found = await picture(worker, png(transparent("RGBA", "white")))
    assert any("V-207" in line for line in found["text"])


async def test_transparent_webp_gets_white_background(worker: Worker) -> None:
    buffer = io.BytesIO()
    transparent("RGBA").save(buffer, "WEBP", lossless=True)
    found = await picture(worker, buffer.getvalue(), "webp")
    assert any("V-207" in line for line in found["text"])


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
async def test_transparent_colour_becomes_white(worker: Worker, mode: str) -> None:
    image = Image.new("RGB", (64, 64), "black").convert(mode)
    hidden = {"P": image.getpixel((0, 0)), "RGB": (0, 0, 0), "L": 0}[mode]
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=hidden)
    assert (await picture(worker, buffer.getvalue()))["brightness"] > 0.99


async def test_transparent_colour_of_16_bits_becomes_white(worker: Worker) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    hidden = struct.pack(">3H", 300, 300, 300)
    rows = (b"\0" + 60 * hidden + 4 * struct.pack(">3H", 65_535, 0, 0)) * 64
    head = chunk(b"IHDR", struct.pack(">2I5B", 64, 64, 16, 2, 0, 0, 0)) + chunk(b"tRNS", hidden)
    data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert (await picture(worker, data))["brightness"] > 0.9


async def test_half_transparent_black_on_white_is_grey(worker: Worker) -> None:
    found = await picture(worker, png(Image.new("RGBA", (64, 64), (0, 0, 0, 128))))
    assert found["brightness"] == pytest.approx(0.5, abs=0.02)


# -- recordings --------------------------------------------------------------------------------------------------------


def unsized(data: bytes, size: int) -> bytes:
    """Overwrite the sizes of a WAV, as a program that writes to a pipe leaves them."""
    at = data.index(b"data") + 4
    field = size.to_bytes(4, "little")
    return data[:4] + field + data[8:at] + field + data[at + 4 :]


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
async def test_wav_without_sizes_is_read_to_its_end(worker: Worker, size: int) -> None:
    found = await recording(worker, unsized(sound(machine(107.3)), size))
    assert found["seconds"] == 5
    assert found["sound"]["impacts"]["hz"] == pytest.approx(107.3, abs=0.3)


async def test_flac_without_length_is_read_to_its_end(worker: Worker) -> None:
    data = bytearray(sound(machine(107.3), "FLAC"))
    # The total number of samples: the lower 36 bits of the 8 bytes at 18; 0 is "unknown" (RFC 9639, section 8.2).
    field = int.from_bytes(data[18:26], "big")
    data[18:26] = (field >> 36 << 36).to_bytes(8, "big")
    found = await recording(worker, bytes(data))
    assert found["seconds"] == pytest.approx(5, abs=0.06)


@pytest.mark.parametrize("other", [-1.0, 0.0, 0.2])
async def test_opposite_channels_do_not_cancel(worker: Worker, other: float) -> None:
    one = machine(107.3)
    found = await recording(worker, sound(np.stack([other * one, one], axis=1)))
    alone = await recording(worker, sound(one))
    assert found["sound"]["level_db"] == pytest.approx(alone["sound"]["level_db"], abs=0.1)
    assert found["sound"]["impacts"]["hz"] == pytest.approx(107.3, abs=0.3)
    assert any("of 2, the loudest" in note for note in found["notes"])


TIME = np.arange(3 * RATE) / RATE
TONES = {
    "sine": 0.5 * np.sin(2 * np.pi * 440 * TIME),
    "quiet sine": 0.002 * np.sin(2 * np.pi * 440 * TIME),
    "mains hum": 0.3 * np.sin(2 * np.pi * 50 * TIME) + 0.2 * np.sin(2 * np.pi * 100 * TIME),
    "square wave": 0.3 * np.sign(np.sin(2 * np.pi * 100 * TIME)),
    "sawtooth": 0.6 * (TIME * 120 % 1) - 0.3,
    "siren": 0.3 * (1 + 0.9 * np.sin(2 * np.pi * 30 * TIME)) * np.sin(2 * np.pi * 5_000 * TIME),
    "beat": 0.3 * np.sin(2 * np.pi * 5_000 * TIME) + 0.3 * np.sin(2 * np.pi * 5_100 * TIME),
    "overdriven sine": np.clip(1.5 * np.sin(2 * np.pi * 120 * TIME), -1, 1),
}


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_U8", "ULAW", "FLOAT"])
async def test_tone_is_not_reported_as_impacts(worker: Worker, name: str, subtype: str) -> None:
    found = await recording(worker, sound(TONES[name], subtype=subtype))
    assert found["sound"]["impacts"] is None


@pytest.mark.parametrize("level", [1.0, 0.005])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
async def test_clean_tone_is_the_only_tone(worker: Worker, level: float, subtype: str) -> None:
    found = await recording(worker, sound(level * TONES["sine"] + 0.4, subtype=subtype))
    assert [peak["hz"] for peak in found["sound"]["peaks"]] == [440.0], "rounding is inaudible"
    assert found["sound"]["crest"] == pytest.approx(1.41, abs=0.02), "whatever the offset"


@pytest.mark.parametrize("name", ["noise", "swelling noise", "sweep"])
async def test_sound_without_tones_has_no_tones(worker: Worker, name: str) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, len(TIME))
    sounds = {
        "noise": noise,
        "swelling noise": noise * (1 + 0.8 * np.sin(2 * np.pi * 30 * TIME)),
        "sweep": 0.5 * np.sin(2 * np.pi * (200 + 300 * TIME) * TIME),
    }
    assert (await recording(worker, sound(sounds[name])))["sound"]["peaks"] == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
async def test_sample_that_is_not_finite_is_silent(worker: Worker, bad: float) -> None:
    samples = TONES["sine"].copy()
    samples[1_000] = bad
    found = await recording(worker, sound(samples, subtype="FLOAT"))
    assert (found["sound"]["peak_db"], found["sound"]["impulsive"]) == (-6.0, False)


@pytest.mark.parametrize("hz", [15.0, 33.1, 107.3])
@pytest.mark.parametrize("level", [1.0, 0.05])
async def test_impacts_are_found_in_quiet_recording(worker: Worker, hz: float, level: float) -> None:
    found = await recording(worker, sound(level * machine(hz)))
    assert found["sound"]["impacts"]["hz"] == pytest.approx(hz, abs=0.3)
