"""Detect the type of an uploaded file from its content (its name is not trusted), and make its name safe."""

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
"""The header of a PDF must begin within this many bytes, because PDF readers accept other bytes before it."""


def image_kind(data: bytes) -> ImageKind:
    """Return the type of an image, detected from its content.

    Raises TooLarge above :data:`IMAGE_LIMIT` bytes, WrongType for another kind of file.
    """
    if len(data) > IMAGE_LIMIT:
        raise TooLarge(f"The image has more than {IMAGE_LIMIT // 1024 // 1024} MB.", "Send a smaller one.")
    for magic, kind in _IMAGES:
        if magic.match(data):
            return kind
    raise WrongType("The file is not a PNG, JPEG or WebP image.", "The type is detected from the content.")


def audio_kind(data: bytes) -> AudioKind:
    """Return the type of a recording, detected from its content. Raises WrongType for another kind of file."""
    for magic, kind in _AUDIO:
        if magic.match(data):
            return kind
    raise WrongType("The file is not a WAV, FLAC, MP3 or OGG recording.", "The type is detected from the content.")


def document_kind(data: bytes) -> Literal["pdf"]:
    """Return the type of a document, detected from its content. Raises WrongType for another kind of file."""
    if b"%PDF-" not in data[:_PDF_WITHIN]:
        raise WrongType("The file is not a PDF.", "The type is detected from the content.")
    return "pdf"


def safe_name(name: str | None, fallback: str = "upload") -> str:
    """Return a safe name for a file that is called ``name``; ``fallback`` if nothing of the name is left.

    It is the last part of the path, with at most 100 printable characters, without separators or leading dots.
    """
    last = PurePosixPath(PureWindowsPath(name or "").name).name
    plain = unicodedata.normalize("NFC", last)
    plain = "".join(c for c in plain if unicodedata.category(c)[0] not in "CZ" or c == " ")
    plain = re.sub(r'[<>:"/\\|?*\s]+', " ", plain).strip(" .")
    if len(plain) > 100:
        stem, dot, ending = plain.rpartition(".")
        plain = f"{stem[: 99 - len(ending)]}.{ending}" if dot and len(ending) <= 5 else plain[:100]
    return plain or fallback
