"""Files that people send: what kind they really are, and a name that is safe to show. By content, never by name."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from typing import Literal

from hub.errors import TooLarge, WrongType

IMAGE_LIMIT = 10 * 1024 * 1024
ImageKind = Literal["png", "jpeg", "webp"]
AudioKind = Literal["wav", "flac", "mp3", "ogg"]
_IMAGES: tuple[tuple[re.Pattern[bytes], ImageKind], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "png"),
    (re.compile(rb"\xff\xd8\xff"), "jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "webp"),
)
_AUDIO: tuple[tuple[re.Pattern[bytes], AudioKind], ...] = (
    (re.compile(rb"(RIFF|RF64)....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]"), "mp3"),
)
_PDF_WITHIN = 1024
"""Readers of PDF have always let something stand before its beginning."""


def image_kind(data: bytes) -> ImageKind:
    """Raises TooLarge above :data:`IMAGE_LIMIT`, WrongType for anything that does not begin as PNG, JPEG or WebP."""
    if len(data) > IMAGE_LIMIT:
        raise TooLarge(f"The image has more than {IMAGE_LIMIT // 1024 // 1024} MB.", "Send a smaller one.")
    for magic, kind in _IMAGES:
        if magic.match(data):
            return kind
    raise WrongType("The file is no PNG, JPEG or WebP image.", "Its content counts, not its name.")


def audio_kind(data: bytes) -> AudioKind:
    """Raises WrongType for anything that does not begin as WAV, FLAC, MP3 or OGG."""
    for magic, kind in _AUDIO:
        if magic.match(data):
            return kind
    raise WrongType("The file is no WAV, FLAC, MP3 or OGG recording.", "Its content counts, not its name.")


def document_kind(data: bytes) -> Literal["pdf"]:
    """Raises WrongType for anything that does not begin as PDF."""
    if b"%PDF-" not in data[:_PDF_WITHIN]:
        raise WrongType("The file is no PDF.", "Its content counts, not its name.")
    return "pdf"


def safe_name(name: str | None, fallback: str = "upload") -> str:
    """The last part of a name, printable, without separators or leading dots, at most 100 characters."""
    last = PurePosixPath(PureWindowsPath(name or "").name).name
    plain = unicodedata.normalize("NFC", last)
    plain = "".join(c for c in plain if unicodedata.category(c)[0] not in "CZ" or c == " ")
    plain = re.sub(r'[<>:"/\\|?*\s]+', " ", plain).strip(" .")
    if len(plain) > 100:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: 99 - len(ending)]}.{ending}" if dot and len(ending) <= 5 else plain[:100]
    return plain or fallback
