"""Truncated files: the part that arrived is analysed with a note, or the refusal says that the file ends early."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from hub.errors import WrongType
from hub.worker import Worker
from hub.worker.endings import ends_early
from sample_files import machine, pdf, plate, sound

pytestmark = pytest.mark.asyncio(loop_scope="module")
RATES = {"MP3": 16_000}
RECORDINGS = ("WAV", "RF64", "FLAC", "OGG", "MP3")
PARTS = (0.5, 0.999)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[Worker]:
    started = Worker()
    yield started
    await started.close()


def recording(kind: str) -> bytes:
    return sound(machine(107.3, seconds=4), kind, RATES.get(kind, 20_000))


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"progressive": True} if kind == "JPEG" else {}
    plate().resize((1_600, 600)).save(buffer, kind, **options)
    return buffer.getvalue()


async def analyse_recording(worker: Worker, data: bytes) -> Any:
    return await worker.run("recording", data, speech_model=None, words="", transcribe=False)


@pytest.mark.parametrize("kind", RECORDINGS)
async def test_truncated_recording_is_analysed_with_note(worker: Worker, kind: str) -> None:
    whole = await analyse_recording(worker, recording(kind))
    assert not [note for note in whole["notes"] if "ends early" in note]
    for part in PARTS:
        found = await analyse_recording(worker, recording(kind)[: int(len(recording(kind)) * part)])
        assert 0.25 * whole["seconds"] < found["seconds"] <= whole["seconds"]
        assert [note for note in found["notes"] if "ends early" in note], (kind, part)


@pytest.mark.parametrize("kind", RECORDINGS[1:])
async def test_recording_truncated_before_samples_is_refused(worker: Worker, kind: str) -> None:
    with pytest.raises(WrongType, match="ends early"):
        await analyse_recording(worker, recording(kind)[:60])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_truncated_picture_is_refused(worker: Worker, kind: str) -> None:
    data = picture(kind)
    assert (await worker.run("picture", data, kind=kind.lower(), read=False))["width"] == 1_600
    for part in (0.05, *PARTS):
        with pytest.raises(WrongType, match=f"The {kind} image ends early"):
            await worker.run("picture", data[: int(len(data) * part)], kind=kind.lower(), read=False)
    with pytest.raises(WrongType, match="damaged"):  # complete but with damaged data
        await worker.run("picture", data[:40] + bytes(500) + data[540:], kind=kind.lower(), read=False)


async def test_truncated_document_is_refused_or_read_with_note(worker: Worker) -> None:
    data = pdf(*["a page of a manual " * 40] * 5)
    for part in (0.02, 0.5, 0.9):
        with pytest.raises(WrongType, match="The PDF ends early"):
            await worker.run("document", data[: int(len(data) * part)])
    found = await worker.run("document", data[:-8])
    assert found["page_count"] == 5
    assert any("ends early" in note for note in found["notes"])


async def test_data_after_end_of_file_format_is_ignored() -> None:
    embedded = io.BytesIO()
    Image.new("RGB", (8, 8)).save(embedded, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + b"\xff\xd9" * 4)
    for data in (*map(recording, RECORDINGS), *map(picture, ("PNG", "JPEG", "WEBP")), pdf("one page of a manual")):
        assert not ends_early(data)
        assert not ends_early(data + b"\0" * 100)
    assert not ends_early(embedded.getvalue())
    assert ends_early(embedded.getvalue()[:-2])
    assert not ends_early(recording("MP3") + b"TAG" + b"\0" * 125)


@pytest.mark.parametrize("kind", [*RECORDINGS, "PNG", "JPEG", "WEBP"])
async def test_end_check_accepts_any_prefix_and_random_data(kind: str) -> None:
    data = recording(kind) if kind in RECORDINGS else picture(kind)
    for length in (*range(0, 200), *range(200, len(data), 997)):
        ends_early(data[:length])
        ends_early(data[:16] + os.urandom(length % 300))
