"""Analyze uploaded files: detect the type, read the file in a worker process, describe it, and store the analysis.

An analysis can be linked to a device. The file itself is not stored, only its analysis and, for a document, the text of
its pages.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from hub.accounts.requester import current_requester
from hub.ai.base import Recording
from hub.ai.providers import ProviderChain
from hub.analysis import documents, images, recordings
from hub.analysis.documents import Found
from hub.errors import AiError, Invalid, NotFound
from hub.model import Analysis, AnalysisKind
from hub.registry.reader import DeviceReader
from hub.runtime.uploads import audio_kind, document_kind, image_kind, safe_name
from hub.store.reader import LibraryReader
from hub.worker import Progress, Worker

_VOCABULARY_CHARS = 400
_KINDS: dict[AnalysisKind, Callable[[bytes], str]] = {
    "image": image_kind,
    "audio": audio_kind,
    "document": document_kind,
}


class DeviceLink(msgspec.Struct, frozen=True):
    """Changes to the links of an analysis. A field that is UNSET stays unchanged.

    ``device`` is the id of the device that the analysis belongs to, None for no device. ``models`` are the device
    models for which the document is a manual.
    """

    device: str | msgspec.UnsetType | None = msgspec.UNSET
    models: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def new_id() -> str:
    """Return a random id for a new analysis."""
    return f"a-{uuid.uuid4().hex[:16]}"


def _ignore(stage: str, done: int, total: int) -> None:
    return None


class FileAnalyzer:
    """Analyzes files and answers questions about documents.

    Args:
        providers: language, vision and transcription models.
        worker: the process that reads the files.
        library: stores the analyses.
        registry: the devices.
        now: returns the time in epoch milliseconds.
        speech_model: the folder of the faster-whisper model that transcribes if no model server does; None: no model.
    """

    def __init__(
        self,
        *,
        providers: ProviderChain,
        worker: Worker,
        library: LibraryReader,
        registry: DeviceReader,
        now: Callable[[], int],
        speech_model: Path | None = None,
    ) -> None:
        self._providers, self._worker, self._library, self._registry = providers, worker, library, registry
        self._now, self._speech_model = now, speech_model

    async def analyse(
        self,
        kind: AnalysisKind,
        filename: str | None,
        data: bytes,
        *,
        device: str | None = None,
        models: Sequence[str] = (),
        progress: Progress = _ignore,
        analysis_id: str | None = None,
    ) -> Analysis:
        """Analyze a file and store the analysis.

        Args:
            kind: the expected kind of file. Any other file is refused.
            filename: the file's name.
            data: the file's content.
            device: the id of the device to link the analysis to.
            models: the device models for which a document is the manual.
            progress: is called with the name of the stage, the number of parts done and their total number.
            analysis_id: an id from :func:`new_id`; None: a new one.

        Raises:
            WrongType: the file is of another kind, or damaged.
            TooLarge: the file is too large.
            NotFound: there is no such device.
            Invalid: ``models`` were given for a file that is not a document.
            TooBusy: too many files are waiting.
            WorkFailed: the worker process failed.
        """
        form = _KINDS[kind](data)
        if device is not None:
            device = self._registry.require(device).id
        manual_of = _models(kind, models)
        name = safe_name(filename, f"{kind}.{form}")
        pages: Sequence[str] = ()
        if kind == "image":
            found = await self._worker.run("picture", data, kind=form, read=True, progress=progress)
            progress("describing", 0, 1)
            findings = await images.describe(self._providers, name, device, found)
        elif kind == "audio":
            found = await self._read_recording(form, data, progress)
            findings = recordings.describe(form, found)
        else:
            found = await self._worker.run("document", data, progress=progress)
            pages = found.pop("pages")
            progress("summarising", 0, 1)
            findings = await documents.describe(self._providers, name, found, pages)
        analysis = Analysis(
            id=analysis_id or new_id(),
            kind=kind,
            filename=name,
            format=form,
            bytes=len(data),
            created_at=self._now(),
            device=device,
            analysis=findings.text,
            generated_by=findings.writer,
            tokens_used=findings.tokens,
            notes=tuple(found.pop("notes")),
            facts=found,
            models=manual_of,
            owner=current_requester().account,
        )
        await self._library.put(analysis, pages)
        return analysis

    async def ask(self, analysis_id: str, question: str) -> Found:
        """Answer a question about one document from its text, with quotes.

        Raises NotFound for an unknown analysis, Invalid if it is not a document.
        """
        analysis = await self._one(analysis_id)
        if analysis.kind != "document":
            raise Invalid("Questions can be asked about documents only.", "Send a PDF.")
        quotes = await self._library.quotes(question, document=analysis.id, limit=6)
        return await documents.answer(self._providers, analysis.filename, question, quotes)

    async def link(self, analysis_id: str, change: DeviceLink) -> Analysis:
        """Link an analysis to another device, or to the device models for which its document is the manual.

        Raises NotFound for an unknown analysis or device, and Invalid if models are given but the file is not a
        document.
        """
        analysis = await self._one(analysis_id)
        if change.device is not msgspec.UNSET:
            device = self._registry.require(change.device).id if change.device is not None else None
            analysis = msgspec.structs.replace(analysis, device=device)
        if change.models is not msgspec.UNSET:
            analysis = msgspec.structs.replace(analysis, models=_models(analysis.kind, change.models))
        await self._library.update(analysis)
        return analysis

    async def _read_recording(self, form: str, data: bytes, progress: Progress) -> dict[str, Any]:
        """Measure a recording in the worker process, and transcribe its speech.

        The speech is transcribed by a model server that can do so. If there is none or it fails, the worker process
        transcribes it with the model in the folder ``analysis.speech_model``, if that is set.
        """
        folder = str(self._speech_model) if self._speech_model else None
        words, server = self._vocabulary(), any(w.generative for w in self._providers.describe("transcription"))
        read = partial(self._worker.run, "recording", data, speech_model=folder, words=words, progress=progress)
        found = await read(transcribe=not server)
        if server:
            progress("writing down speech", 0, 1)
            try:
                transcript = await self._providers.transcribe(Recording(data, f"recording.{form}", words))
            except AiError as error:
                found = await read(transcribe=True)
                found["notes"].append(f"The server could not transcribe the speech: {error.message}")
            else:
                part = {"from_s": 0.0, "to_s": found["seconds"], "text": transcript.text}
                found["speech"] = {"language": None, "parts": [part] if transcript.text.strip() else []}
        return found

    async def _one(self, analysis_id: str) -> Analysis:
        found = await self._library.one(analysis_id)
        if found is None:
            raise NotFound(f"There is no analysis {analysis_id[:64]!r}.", "GET /api/analyses lists them.")
        return found

    def _vocabulary(self) -> str:
        """Return the names of the devices. They are given to the transcription, which then recognizes them better."""
        names = dict.fromkeys(device.display_name for device in self._registry.devices())
        return ", ".join(names)[:_VOCABULARY_CHARS]


def _models(kind: AnalysisKind, models: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(model.strip() for model in models if model.strip()))
    if names and kind != "document":
        raise Invalid("Only a document can be the manual of a model.", "Link a picture or a recording to a device.")
    return names
