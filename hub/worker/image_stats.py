"""Decode an image within limits, rotate it upright, and compute statistics of it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from hub.errors import WrongType
from hub.worker.endings import CUT_OFF, ends_early

_MAX_PIXELS = 50_000_000
_SENT_SIDE = 1568
"""Longest side, in pixels, of an image that is sent to a vision model: a larger one costs tokens and does not help."""
_TOO_BRIGHT = 230
"""If the mean grey (0 to 255) of the visible pixels is above this, they would vanish on a white background."""
_NAMED_COLOURS = {
    "black": (15, 15, 15), "white": (240, 240, 240), "grey": (128, 128, 128), "red": (190, 40, 40),
    "orange": (230, 130, 40), "yellow": (225, 205, 60), "green": (60, 140, 70), "cyan": (60, 170, 180),
    "blue": (50, 90, 180), "purple": (120, 60, 150), "pink": (225, 140, 170), "brown": (110, 75, 50),
    "beige": (215, 195, 165),
}  # fmt: skip


_DAMAGED = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    # Most decoders raise OSError for a damaged file, some raise one of the others.
    OSError,
    SyntaxError,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    EOFError,
    MemoryError,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """An image's size and statistics.

    Attributes:
        kind: the file's type, such as ``png``.
        width, height: in pixels, of the upright image.
        brightness: mean grey value, 0 to 1.
        contrast: standard deviation of the grey values, 0 to 1.
        properties: these figures and further ones, rounded, for people.
        upright: the image as an upright JPEG of moderate size, without metadata such as the place where it was taken.
    """

    kind: str
    width: int
    height: int
    brightness: float
    contrast: float
    properties: dict[str, float | str]
    upright: bytes


def measure(data: bytes, kind: str) -> Measured:
    """Decode and measure an image. Raises WrongType for a damaged file or one with too many pixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[kind.upper()]) as probe:
                if probe.width * probe.height > _MAX_PIXELS:
                    raise WrongType(
                        f"The image has {probe.width} × {probe.height} pixels; at most {_MAX_PIXELS // 1_000_000} "
                        "million are decoded.",
                        "Send a smaller one.",
                    )
                probe.verify()
            with Image.open(io.BytesIO(data), formats=[kind.upper()]) as image:
                taken = str(image.getexif().get(ExifTags.Base.DateTime, ""))[:19]
                image.draft("RGB", (2 * _SENT_SIDE, 2 * _SENT_SIDE))
                width, height = _true_size(data, kind)
                upright = as_rgb(ImageOps.exif_transpose(image))
    except WrongType:
        raise
    except _DAMAGED:
        if ends_early(data):
            raise WrongType(f"The {kind.upper()} image ends early: its last part is missing.", CUT_OFF) from None
        raise WrongType(f"The file begins as a {kind.upper()} image but is damaged.", "Export it again.") from None
    return _measured(upright, kind, width, height, taken)


def as_rgb(image: Image.Image) -> Image.Image:
    """Return ``image`` as 8-bit RGB: scale grey values that have more bits, and put transparent pixels on a background.

    Pillow's ``convert`` clamps grey values above 255 and drops the alpha channel: a 16-bit image would become white,
    and transparent pixels would show their hidden colour.
    """
    if image.mode.startswith("I") or image.mode == "F":
        image = _scaled(image)
    hidden = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(hidden, tuple) and max(hidden) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in hidden)  # 16 bits a channel, as in the file
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    backdrop = Image.new("RGBA", layered.size, _backdrop(layered))
    return Image.alpha_composite(backdrop, layered).convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Scale grey values to 8 bits: 16-bit integers from their full range, other values from their own range."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = 0.0, 65_535.0
    if image.mode == "F" or values.min(initial=0) < low or values.max(initial=0) > high:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255 / ((high - low) or 1.0))
    grey = Image.fromarray(scaled.round().astype(np.uint8))
    if isinstance(hidden := image.info.get("transparency"), int):
        grey.putalpha(Image.fromarray(np.where(values == hidden, 0, 255).astype(np.uint8)))
    return grey


def _backdrop(layered: Image.Image) -> str:
    """Return the background colour on which the visible pixels of a partly transparent image can be seen.

    It is white, or black if the visible pixels are so bright that they could not be seen on white.
    """
    visible = np.asarray(layered.getchannel("A")) > 127
    if visible.all() or not visible.any():
        return "white"
    return "black" if np.asarray(layered.convert("L"))[visible].mean() > _TOO_BRIGHT else "white"


def _true_size(data: bytes, kind: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(data), formats=[kind.upper()]) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
        return (image.height, image.width) if turned else image.size


def _measured(upright: Image.Image, kind: str, width: int, height: int, taken: str) -> Measured:
    upright.thumbnail((_SENT_SIDE, _SENT_SIDE))
    buffer = io.BytesIO()
    upright.save(buffer, "JPEG", quality=88)
    small = upright.copy()
    small.thumbnail((512, 512))
    rgb = np.asarray(small, dtype=np.float64)
    grey = rgb @ np.array([0.299, 0.587, 0.114]) / 255
    brightness, contrast = float(grey.mean()), float(grey.std())
    sharpness = _sharpness(grey)
    properties: dict[str, float | str] = {
        "brightness": round(brightness, 3),
        "contrast": round(contrast, 3),
        "sharpness": round(sharpness, 4),
        "sharpness_word": "sharp" if sharpness > 0.02 else "soft" if sharpness > 0.006 else "blurred",
        "colours": _colours(small),
        "kind": _kind(rgb, contrast),
    }
    if taken:
        properties["taken"] = taken
    return Measured(kind, width, height, brightness, contrast, properties, buffer.getvalue())


def _sharpness(grey: np.ndarray) -> float:
    """Return the standard deviation of the Laplacian, a measure of fine detail."""
    if min(grey.shape) < 3:
        return 0.0
    middle = grey[1:-1, 1:-1]
    return float((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle).std())


def _colours(image: Image.Image) -> str:
    """Return up to three of the most common colours as text, by name with their shares in per cent."""
    counted = image.quantize(16).convert("RGB").getcolors(65_536) or []
    total = sum(count for count, _ in counted)
    shares: dict[str, int] = {}
    for count, colour in counted:
        name = min(_NAMED_COLOURS, key=lambda n: float(np.square(np.subtract(_NAMED_COLOURS[n], colour)).sum()))
        shares[name] = shares.get(name, 0) + count
    ranked = sorted(shares.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {100 * count / max(total, 1):.0f} %" for name, count in ranked)


def _kind(rgb: np.ndarray, contrast: float) -> str:
    """Guess what kind of image it is. Screenshots have areas of exactly one colour; in photos, noise prevents that."""
    if contrast < 0.004:
        return "a single flat colour"
    flat = np.all(np.diff(rgb, axis=1 if rgb.shape[1] > 1 else 0) == 0, axis=2).mean()
    return "probably a screenshot or drawing" if flat > 0.5 else "probably a photograph"
