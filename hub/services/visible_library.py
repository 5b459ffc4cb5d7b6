"""A view of the library of analyzed files: the person's own analyses, and everybody's manuals.

An account with limits sees only what belongs to the devices in its scope.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.accounts.requester import current_requester
from hub.accounts.scope import current_scope
from hub.errors import Forbidden
from hub.model import Analysis, AnalysisKind, Quote
from hub.registry.reader import DeviceReader
from hub.store.documents import model_key
from hub.store.reader import LibraryReader

PAGE = 200
MAX_PAGES = 50


class VisibleLibrary:
    """The requester's own analyses, and the manuals, which everybody may read.

    A requester with limits sees only analyses that are linked to ``devices``, and quotes of their models' manuals.
    """

    def __init__(self, library: LibraryReader, devices: DeviceReader) -> None:
        self._library = library
        self._devices = devices

    async def put(self, analysis: Analysis, pages: Sequence[str] = ()) -> None:
        """Store an analysis. Raises Forbidden if it belongs to another person.

        If the account is limited to some devices, Forbidden is also raised for a manual, and for an analysis that is
        not linked to one of these devices.
        """
        self._check(analysis)
        await self._library.put(analysis, pages)

    async def update(self, analysis: Analysis) -> None:
        """Store a changed analysis. Raises Forbidden in the same cases as :meth:`put`."""
        self._check(analysis)
        await self._library.update(analysis)

    async def delete(self, analysis_id: str) -> None:
        """Delete an analysis. Do nothing if the current person does not see it.

        Raises Forbidden if the person sees it, but somebody else owns it.
        """
        if (found := await self.one(analysis_id)) is not None:
            _check_owner(found)
            await self._library.delete(analysis_id)

    async def one(self, analysis_id: str) -> Analysis | None:
        """Return an analysis, or None if it does not exist or is not visible."""
        found = await self._library.one(analysis_id)
        return found if found is not None and self._sees(found) else None

    async def newest(
        self,
        *,
        kind: AnalysisKind | None = None,
        device: str | None = None,
        limit: int = 50,
        before: tuple[int, str] | None = None,
    ) -> list[Analysis]:
        """Return visible analyses, newest first."""
        if current_scope().whole and current_requester().role == "administrator":
            return await self._library.newest(kind=kind, device=device, limit=limit, before=before)
        found: list[Analysis] = []
        for _ in range(MAX_PAGES):
            page = await self._library.newest(kind=kind, device=device, limit=PAGE, before=before)
            found += filter(self._sees, page)
            if len(page) < PAGE or len(found) >= limit:
                break
            before = (page[-1].created_at, page[-1].id)
        return found[:limit]

    async def quotes(
        self, words: str, *, model: str | None = None, document: str | None = None, limit: int = 4
    ) -> list[Quote]:
        """Return passages with the ``words``, from one document or from the manuals of a model.

        The list is empty if the document is not visible. For an account with limits, it is also empty if none of its
        devices is of this model.
        """
        if document is not None:
            visible = await self.one(document) is not None
        elif current_scope().whole:
            visible = True
        else:
            models = (device.info.model for device in self._devices.devices())
            visible = model is not None and model_key(model) in {model_key(each) for each in models if each}
        return await self._library.quotes(words, model=model, document=document, limit=limit) if visible else []

    def _sees(self, analysis: Analysis) -> bool:
        if not analysis.models and not current_requester().owns(analysis.owner):
            return False
        if current_scope().whole:
            return True
        return analysis.device is not None and self._devices.known(analysis.device)

    def _check(self, analysis: Analysis) -> None:
        _check_owner(analysis)
        if not current_scope().whole and (not self._sees(analysis) or analysis.models):
            raise Forbidden(
                "Your account is limited to some devices.", "Link the file to one of them, and to no device model."
            )


def _check_owner(analysis: Analysis) -> None:
    if not current_requester().owns(analysis.owner):
        raise Forbidden("The file belongs to somebody else.", "Ask that person, or an administrator.")
