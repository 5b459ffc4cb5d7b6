"""Pictures: taken for what they are, measured honestly, and never a way to fill the memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from hub.ai.base import AiSettings, Answer, Piece, Request
from hub.ai.providers import Providers
from hub.analysis import Analyst
from hub.errors import TooLarge, WrongType
from hub.model import Writer
from hub.uploads import IMAGE_LIMIT, safe_name


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(width: int = 320, height: int = 200) -> Image.Image:
    noise = np.random.default_rng(1).normal(120, 40, (height, width, 3))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def drawing() -> Image.Image:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).rectangle((50, 50, 150, 120), fill="red", outline="black")
    return image


def analyst(*models: object) -> Analyst:
    return Analyst(providers=Providers(ordered=models, settings=AiSettings()))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg")])
async def test_without_a_model_it_says_what_it_could_tell_and_what_not(kind: str, name: str) -> None:
    found = await analyst().analyse_image("hall.PNG", encoded(photo(), kind), "pump-01")
    assert (found.format, found.width, found.height, found.device_id) == (name, 320, 200, "pump-01")
    assert (found.provider, found.generative) == ("builtin", False)
    assert "320 × 200" in found.analysis
    assert "could not be determined" in found.analysis
    assert found.properties["brightness"] == pytest.approx(0.47, abs=0.03)


async def test_drawings_photographs_and_flat_colours_are_told_apart() -> None:
    drawn = await analyst().analyse_image("a", encoded(drawing(), "PNG"))
    taken = await analyst().analyse_image("a", encoded(photo(), "PNG"))
    flat = await analyst().analyse_image("a", encoded(Image.new("RGB", (90, 60), "blue"), "PNG"))
    assert "drawing" in str(drawn.properties["kind"])
    assert "photograph" in str(taken.properties["kind"])
    assert "flat colour" in str(flat.properties["kind"])
    assert str(drawn.properties["colours"]).startswith("white")
    assert "red" in str(drawn.properties["colours"])


async def test_a_vision_model_gets_the_upright_picture_without_its_metadata() -> None:
    class Sees:
        name, models = "openai", ("eyes",)
        asked: Request

        def writer_for(self, request: Request) -> Writer | None:
            return Writer("openai", "eyes", generative=True)

        async def chat(self, request: Request) -> Answer:
            self.asked = request
            return Answer("A pump.", Writer("openai", "eyes", generative=True), tokens=9)

        async def stream(self, request: Request) -> AsyncIterator[Piece]:
            yield await self.chat(request)

        async def check(self) -> str | None:
            return None

        async def close(self) -> None: ...

    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "secret place"
    model = Sees()
    found = await analyst(model).analyse_image("x.jpg", encoded(photo(), "JPEG", exif=exif))
    assert (found.analysis, found.model, found.generative, found.tokens_used) == ("A pump.", "eyes", True, 9)
    assert (found.width, found.height) == (200, 320)
    assert model.asked.picture is not None
    with Image.open(io.BytesIO(model.asked.picture.data)) as sent:
        assert sent.size == (200, 320)
        assert not dict(sent.getexif())


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a" + bytes(50), b"<svg/>", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + bytes(500)],
    ids=["empty", "gif", "svg", "png magic alone", "jpeg magic alone", "png of zeros"],
)
async def test_what_is_no_picture_is_refused_whatever_its_name(data: bytes) -> None:
    with pytest.raises(WrongType):
        await analyst().analyse_image("photo.png", data)


async def test_damaged_files_are_refused() -> None:
    for kind in ("PNG", "JPEG"):
        whole = encoded(photo(), kind)
        with pytest.raises(WrongType):
            await analyst().analyse_image("a", whole[: len(whole) // 3])


async def test_bombs_are_refused_before_they_unfold() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(WrongType, match=r"30000|damaged"):
        await analyst().analyse_image("bomb.png", bomb)
    with pytest.raises(TooLarge):
        await analyst().analyse_image("a.png", b"\x89PNG\r\n\x1a\n" + bytes(IMAGE_LIMIT))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3000), st.sampled_from(["PNG", "JPEG"]))
async def test_any_damage_is_refused_or_read_but_never_breaks(noise: bytes, at: int, kind: str) -> None:
    whole = encoded(photo(64, 48), kind)
    spoiled = whole[:8] + whole[8:][:at] + noise + whole[8:][at + len(noise) :]
    try:
        found = await analyst().analyse_image("a", spoiled)
    except WrongType:
        return
    assert found.width > 0


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("hall.jpg", "hall.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.png", "b.png"),
        ("a\x00b\n.png", "ab.png"),
        (None, "upload"),
        ("...", "upload"),
        ("‮gnp.exe", "gnp.exe"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("ü ß.png", "ü ß.png"),
    ],
)
def test_names_are_made_safe(given_name: str | None, shown: str) -> None:
    assert safe_name(given_name) == shown
