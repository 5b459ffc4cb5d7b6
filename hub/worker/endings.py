"""Detect truncated files by the structure of their format, without decoding them.

An interrupted upload leaves the first part of a file. The user has to upload such a file again, while a damaged file
has to be exported again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

CUT_OFF = "Send the whole file again: a copy or an upload may have been interrupted."
_UNKNOWN_SIZE = 0x7FFF_0000
"""A program that writes a WAV to a pipe leaves 0, or a size of at least this number, in its header."""
_MP3_RATES = (
    (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),  # MPEG 1, layer I, in kbit/s
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),  # MPEG 1, layer II
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1, layer III
    (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),  # MPEG 2 and 2.5, layer I
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2 and 2.5, layers II and III
)
_MP3_HZ = (44_100, 48_000, 32_000)


def ends_early(data: bytes) -> bool:
    """Return True if ``data`` is only the first part of a WAV, FLAC, OGG, MP3, PNG, JPEG, WebP or PDF file.

    A FLAC states its length in samples only: only the decoder shows whether its sound ends early (audio_decoding.py).
    """
    return next((check(data) for magic, check in _CHECKS if re.match(magic, data, re.DOTALL)), False)


def _riff(data: bytes) -> bool:
    """Return True if a WAV or WebP is truncated. The format consists of chunks: a name, a size and that many bytes."""
    place = 12
    wide = int.from_bytes(data[28:36], "little") if data[:4] == b"RF64" and data[12:16] == b"ds64" else 0
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name == b"data" and (wide or not 0 < size < _UNKNOWN_SIZE):
            return wide > len(data) - place - 8
        place += 8 + size
        if place > len(data):
            return True
        if name == b"data":
            return False  # only metadata follows, which may be missing
        place += size % 2
    stated = int.from_bytes(data[4:8], "little") + 8
    return len(data) < stated if stated < _UNKNOWN_SIZE else b"data" not in data


def _flac(data: bytes) -> bool:
    """Return True if a FLAC file ends within its metadata.

    Metadata is a sequence of blocks, each with its size. The last block has a mark.
    """
    place, last = 4, False
    while not last and place + 4 <= len(data):
        last = bool(data[place] & 0x80)
        place += 4 + int.from_bytes(data[place + 1 : place + 4], "big")
    return not last or place >= len(data)


def _ogg(data: bytes) -> bool:
    """Return True if an OGG is truncated. It consists of pages; the last page of a stream is marked."""
    place, last = 0, False
    while data[place : place + 4] == b"OggS" and place + 27 <= len(data):
        segments = data[place + 26]
        last = bool(data[place + 5] & 4)
        place += 27 + segments + sum(data[place + 27 : place + 27 + segments])
    return not last or place > len(data)


def _mp3(data: bytes) -> bool:
    """Return True if an MP3 is truncated. It consists of frames, whose headers give their length."""
    place = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        place = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    frames = 0
    while place + 4 <= len(data):
        length = _mp3_frame(data[place : place + 4])
        if not length:
            return False  # a tag, or content that only a decoder can check
        if not frames and (stated := _mp3_stated(data[place : place + length])) and place + stated > len(data):
            return True
        place, frames = place + length, frames + 1
    return place > len(data)


def _mp3_frame(head: bytes) -> int:
    """Return the length of the MP3 frame that begins with ``head``, in bytes; 0 if ``head`` does not begin a frame."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, hz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or hz == 3:
        return 0
    first = version == 3
    bits = 1_000 * _MP3_RATES[layer - 1 if first else 3 if layer == 1 else 4][rate]
    samples_hz = _MP3_HZ[hz] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        return (12 * bits // samples_hz + padding) * 4
    return (72 if layer == 3 and not first else 144) * bits // samples_hz + padding


def _mp3_stated(frame: bytes) -> int:
    """Return the size of an MP3 file in bytes, as stated in the Xing header of its first ``frame``; 0 without one."""
    place = max(frame.find(b"Xing", 0, 64), frame.find(b"Info", 0, 64))
    if place < 0 or len(frame) < place + 16 or not frame[place + 7] & 2:
        return 0
    at = place + (12 if frame[place + 7] & 1 else 8)
    return int.from_bytes(frame[at : at + 4], "big")


def _png(data: bytes) -> bool:
    """Return True if a PNG file is truncated.

    The file is a sequence of chunks. Each has the size of its data, a name, the data, and a checksum. The last one is
    IEND.
    """
    place = 8
    while place + 8 <= len(data):
        if data[place + 4 : place + 8] == b"IEND":
            return False
        place += 12 + int.from_bytes(data[place : place + 4], "big")
    return True


def _jpeg(data: bytes) -> bool:
    """Return True if ``data`` is a truncated JPEG.

    A complete JPEG consists of segments up to the first scan, and of data with an end marker after that.
    """
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        size = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] == 0xDA:
            return b"\xff\xd9" not in data[place + 2 + size :]
        place += 2 + size
    return place + 4 > len(data)


def _pdf(data: bytes) -> bool:
    return b"%%EOF" not in data[-2_048:]


_CHECKS: tuple[tuple[bytes, Callable[[bytes], bool]], ...] = (
    (rb"(RIFF|RF64)....(WAVE|WEBP)", _riff),
    (rb"fLaC", _flac),
    (rb"OggS", _ogg),
    (rb"\x89PNG\r\n\x1a\n", _png),
    (rb"\xff\xd8\xff", _jpeg),
    (rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", _mp3),
    (rb".{0,1023}%PDF-", _pdf),
)
