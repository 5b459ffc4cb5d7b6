"""A file that somebody sends: taken for what it is, read in the worker, put into words, kept, and linked to a device.

The file itself is not kept; what was told of it is, and of a document the text of its pages.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from hub.ai.base import Recording
from hub.ai.providers import ProviderChain
from hub.analysis import documents, images, recordings
from hub.analysis.documents import Found
from hub.errors import AiError, Invalid, NotFound
from hub.model import Analysis, AnalysisKind
from hub.registry.registry import DeviceRegistry
from hub.runtime.uploads import audio_kind, document_kind, image_kind, safe_name
from hub.store.documents import DocumentLibrary
from hub.worker import Progress, Worker

_SITE_WORDS = 400
_KINDS: dict[AnalysisKind, Callable[[bytes], str]] = {
    "image": image_kind,
    "audio": audio_kind,
    "document": document_kind,
}


class DeviceLink(msgspec.Struct, frozen=True):
    """What a person changes of an analysis: the device it belongs to, the models that a document is a manual of."""

    device: str | msgspec.UnsetType | None = msgspec.UNSET
    models: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def new_id() -> str:
    """Return an id for an analysis that is about to begin."""
    return f"a-{uuid.uuid4().hex[:16]}"


def _nobody(stage: str, done: int, of: int) -> None:
    return None


class FileAnalyzer:
    """``speech_model`` is the folder of a faster-whisper model, None without."""

    def __init__(
        self,
        *,
        providers: ProviderChain,
        worker: Worker,
        library: DocumentLibrary,
        registry: DeviceRegistry,
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
        progress: Progress = _nobody,
        analysis_id: str | None = None,
    ) -> Analysis:
        """Raises WrongType (by content, or damaged), TooLarge, NotFound for an unknown device, TooBusy, WorkFailed."""
        form = _KINDS[kind](data)
        if device is not None:
            device = self._registry.require(device).id
        bound = _models(kind, models)
        name = safe_name(filename, f"{kind}.{form}")
        pages: Sequence[str] = ()
        if kind == "image":
            found = await self._worker.run("picture", data, kind=form, read=True, progress=progress)
            progress("describing", 0, 1)
            told = await images.described(self._providers, name, device, found)
        elif kind == "audio":
            found = await self._heard(form, data, progress)
            told = recordings.described(form, found)
        else:
            found = await self._worker.run("document", data, progress=progress)
            pages = found.pop("pages")
            progress("summarising", 0, 1)
            told = await documents.described(self._providers, name, found, pages)
        analysis = Analysis(
            id=analysis_id or new_id(),
            kind=kind,
            filename=name,
            format=form,
            bytes=len(data),
            created_at=self._now(),
            device=device,
            analysis=told.text,
            generated_by=told.writer,
            tokens_used=told.tokens,
            notes=tuple(found.pop("notes")),
            facts=found,
            models=bound,
        )
        await self._library.put(analysis, pages)
        return analysis

    async def ask(self, analysis_id: str, question: str) -> Found:
        """An answer from one document, with the quotes it rests on. Raises NotFound, Invalid for what is no
        document."""
        analysis = await self._one(analysis_id)
        if analysis.kind != "document":
            raise Invalid("Only a document can be asked.", "Send a PDF.")
        quotes = await self._library.quotes(question, document=analysis.id, limit=6)
        return await documents.answer(self._providers, analysis.filename, question, quotes)

    async def link(self, analysis_id: str, change: DeviceLink) -> Analysis:
        """Raises NotFound for an unknown analysis or device, Invalid for models of what is no document."""
        analysis = await self._one(analysis_id)
        if change.device is not msgspec.UNSET:
            device = self._registry.require(change.device).id if change.device is not None else None
            analysis = msgspec.structs.replace(analysis, device=device)
        if change.models is not msgspec.UNSET:
            analysis = msgspec.structs.replace(analysis, models=_models(analysis.kind, change.models))
        await self._library.update(analysis)
        return analysis

    async def _heard(self, form: str, data: bytes, progress: Progress) -> dict[str, Any]:
        """Its sound is measured here; what is said in it, a server writes down where there is one, else the model of
        ``analysis.speech_model``."""
        folder = str(self._speech_model) if self._speech_model else None
        words, server = self._site_words(), any(w.generative for w in self._providers.describe("transcription"))
        ask = partial(self._worker.run, "recording", data, speech_model=folder, words=words, progress=progress)
        found = await ask(hear=not server)
        if server:
            progress("writing down speech", 0, 1)
            try:
                said = await self._providers.transcribe(Recording(data, f"recording.{form}", words))
            except AiError as error:
                found = await ask(hear=True)
                found["notes"].append(f"The server for speech did not write it down: {error.message}")
            else:
                part = {"from_s": 0.0, "to_s": found["seconds"], "text": said.text}
                found["speech"] = {"language": None, "parts": [part] if said.text.strip() else []}
        return found

    async def _one(self, analysis_id: str) -> Analysis:
        found = await self._library.one(analysis_id)
        if found is None:
            raise NotFound(f"There is no analysis {analysis_id[:64]!r}.", "GET /api/analyses lists them.")
        return found

    def _site_words(self) -> str:
        """What the devices here are called, for the ear of who writes down speech."""
        names = dict.fromkeys(device.display_name for device in self._registry.devices())
        return ", ".join(names)[:_SITE_WORDS]


def _models(kind: AnalysisKind, models: Sequence[str]) -> tuple[str, ...]:
    bound = tuple(dict.fromkeys(model.strip() for model in models if model.strip()))
    if bound and kind != "document":
        raise Invalid("Only a document can be the manual of a model.", "Link a picture or a recording to a device.")
    return bound
