"""Decode a recording into the samples of one channel. The only module that uses soundfile.

Channels are compared before they are mixed: two channels in opposite phase cancel each other, and their mean is
silence.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hub.worker.endings import ends_early

MAX_SECONDS = 600
_BLOCK, _SMALL_BLOCK = 262_144, 1_024
_MAX_CHANNELS, _MAX_RATE = 16, 400_000
_UNKNOWN = 2**50
"""If libsndfile reports at least this many frames, the file does not state its length."""
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "DPCM_8": 8, "ULAW": 8, "ALAW": 8, "IMA_ADPCM": 8, "MS_ADPCM": 8, "GSM610": 8}
"""Encodings that are much coarser than 16 bits, each with its effective bits at full level."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded recording.

    Attributes:
        loudest: samples of the channel with the most power, from -1 to 1.
        speech: samples of the mean of all channels, or of the loudest channel if the channels cancel each other.
        rate: samples per second.
        channels: the number of channels in the file.
        channel: the number of the loudest channel, from 1.
        noise: RMS of the encoding's quantization noise.
        stated_seconds: the length in seconds that the file states.
        cut: True if the file ends before its sound does.
    """

    loudest: np.ndarray
    speech: np.ndarray
    rate: int
    channels: int
    channel: int
    noise: float
    stated_seconds: float
    cut: bool


def decode_recording(soundfile: Any, data: bytes) -> Decoded:
    """Decode up to :data:`MAX_SECONDS`, block by block, whatever length the header states.

    Raises:
        ValueError: more channels or a higher rate than a recording of a machine has.
        soundfile.LibsndfileError: the file is damaged.
    """
    cut = ends_early(data)
    data = _with_sizes(data)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        rate, channels, subtype, frames = file.samplerate, file.channels, file.subtype, file.frames
    if channels > _MAX_CHANNELS or rate > _MAX_RATE:
        raise ValueError(f"{channels} channels at {rate} Hz")
    cut = cut or _stops_short(soundfile, data)
    power, mixed = _powers(_blocks(soundfile, data, cut=cut), channels)
    loudest = int(power.argmax())
    samples = _joined(block[:, loudest] for block in _blocks(soundfile, data, cut=cut))
    # The mean of n uncorrelated channels has 1/n of their average power. Much less means that they cancel each other.
    cancelled = mixed < 0.5 * power.mean() / channels
    speech = (
        samples if cancelled or channels == 1 else _joined(b.mean(axis=1) for b in _blocks(soundfile, data, cut=cut))
    )
    stated_seconds = max(frames if frames < _UNKNOWN else 0, len(samples)) / rate
    noise = 2.0 ** (1 - _BITS.get(subtype, 16)) / 12**0.5
    return Decoded(samples, speech, rate, channels, loudest + 1, noise, stated_seconds, cut)


def _stops_short(soundfile: Any, data: bytes) -> bool:
    """Return True for a FLAC file whose sound is shorter than its header states."""
    if data[:4] != b"fLaC":
        return False
    stream = io.BytesIO(data)
    with soundfile.SoundFile(stream) as file:
        left = min(file.frames, MAX_SECONDS * file.samplerate)
        if file.frames >= _UNKNOWN:
            return False
        try:
            while left > 0 and (size := len(file.read(_SMALL_BLOCK, dtype="float32"))):
                left -= size
        except soundfile.LibsndfileError:
            pass
        return left > 0 and stream.tell() >= len(data)


def _powers(blocks: Iterator[np.ndarray], channels: int) -> tuple[np.ndarray, float]:
    """Return the power of each channel, and the power of the mix of all channels (their mean), without DC offsets.

    ``blocks`` are arrays of samples of the shape (frames, ``channels``).
    """
    size, sums, squares, mixed = 0, np.zeros(channels), np.zeros(channels), 0.0
    for block in blocks:
        size += len(block)
        sums += block.sum(axis=0, dtype=np.float64)
        squares += np.square(block, dtype=np.float64).sum(axis=0)
        mixed += float(np.square(block.mean(axis=1, dtype=np.float64)).sum())
    size = max(size, 1)
    return squares / size - (sums / size) ** 2, mixed / size - float((sums / size).mean()) ** 2


def _blocks(soundfile: Any, data: bytes, *, cut: bool) -> Iterator[np.ndarray]:
    """Yield the samples of a recording from the beginning in blocks, up to :data:`MAX_SECONDS`.

    A block has the shape (frames, channels). The file is opened at each call, because a file without a stated length
    cannot be rewound. The last, short block of such a file, or of a truncated file (``cut``), fails to decode. Blocks
    of these files are therefore small: fewer than 1,024 frames are lost.
    """
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        left, endless = MAX_SECONDS * file.samplerate, cut or file.frames >= _UNKNOWN
        while left > 0:
            try:
                block = file.read(min(_SMALL_BLOCK if endless else _BLOCK, left), dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                if endless and left < MAX_SECONDS * file.samplerate:
                    return
                raise
            if not len(block):
                return
            left -= len(block)
            yield np.nan_to_num(block, posinf=0.0, neginf=0.0).clip(-8, 8)


def _joined(parts: Iterator[np.ndarray]) -> np.ndarray:
    found = list(parts)
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _with_sizes(data: bytes) -> bytes:
    """Return a WAV file with the size of its data chunk filled in; any other file is returned unchanged.

    A program that writes to a pipe cannot go back to fill in the sizes, and leaves 0 or the largest number there. The
    sound then extends to the end of the file.
    """
    if data[8:12] != b"WAVE" or data[:4] not in (b"RIFF", b"RF64"):
        return data
    if data[:4] == b"RF64" and 0 < int.from_bytes(data[28:36], "little") <= len(data):
        return data
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        rest = len(data) - at - 8
        if name == b"data":
            if 0 < size <= rest:
                return data
            return b"RIFF" + _u32(len(data) - 8) + data[8 : at + 4] + _u32(rest) + data[at + 8 :]
        at += 8 + size + size % 2
    return data


def _u32(size: int) -> bytes:
    return min(size, 2**32 - 1).to_bytes(4, "little")
