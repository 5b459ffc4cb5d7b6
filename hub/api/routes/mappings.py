"""``/api/mappings``: read, check, try out and change ``mappings.toml``.

A mapping says how to decode messages on topics that none of the built-in decoders (dialects) understands.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.auth import By
from hub.api.change_log import ChangeLog, mapping_changes
from hub.api.config_changes import ConfigChanges
from hub.api.errors import Json
from hub.api.schemas import mappings as shapes
from hub.api.schemas.requests import MappingsTrial, TextChange, TextCheck
from hub.api.schemas.table_requests import MappingChange
from hub.dialects import DialectConfig, Trial, parse_usable_mappings, reserved, try_out
from hub.errors import Invalid
from hub.model import Mapping, RawMessage
from hub.services.config_files import ConfigFile, TableDraft


def routes(
    file: ConfigFile[Mapping],
    dialects: DialectConfig,
    faults: dict[str, list[str]],
    changes: ChangeLog,
    now: Callable[[], int],
) -> APIRouter:
    router = APIRouter(prefix="/api/mappings", tags=["mappings"])

    async def current() -> list[Mapping]:
        try:
            return file.check((await file.read()).text)
        except Invalid:  # the file was edited by hand
            return []

    edits = ConfigChanges(file, current, mapping_changes, faults, changes)

    @router.get("", response_model=shapes.MappingList)
    async def list_mappings() -> Response:
        """Return the mappings in the order of the file. The first mapping that matches a topic decodes its messages."""
        mappings, _ = parse_usable_mappings((await file.read()).text, reserved(dialects))
        return Json(shapes.MappingList(items=[_shape(mapping) for mapping in mappings]))

    @router.get("/text", response_model=shapes.MappingsText)
    async def get_mappings_text() -> Response:
        """Return the text of `mappings.toml` with its `revision`, which is needed to change it."""
        return Json(await file.read())

    @router.post("/check", response_model=shapes.MappingsChecked)
    async def check_mappings(body: TextCheck) -> Response:
        """Parse a draft of `mappings.toml` and return its mappings, or the problem with it. Nothing is changed."""
        items, problem = edits.check(body.text, _shape)
        return Json(shapes.MappingsChecked(items=items, problem=problem))

    @router.post("/preview", response_model=shapes.MappingsPreview, responses={404: {}})
    async def preview_mappings(body: MappingsTrial) -> Response:
        """Decode messages with a draft of `mappings.toml` or of one mapping.

        Return the devices, values, units and times that the draft finds. Nothing is changed.
        """
        mappings, text, problem = await parse_draft(body)
        if problem is not None:
            return Json(shapes.MappingsPreview(items=[], text=text, problem=problem))
        received = now()
        messages = [RawMessage(each.topic, each.bytes(), received) for each in body.messages]
        items = [_decoded(message.topic, try_out(mappings, message)) for message in messages]
        return Json(shapes.MappingsPreview(items=items, text=text, problem=None))

    async def parse_draft(body: MappingsTrial) -> tuple[list[Mapping], str | None, str | None]:
        """Parse a draft of one mapping or of the whole file.

        Returns:
            The mappings of the draft, empty if it is invalid; the TOML text of a single mapping (None for a draft of
            the whole file); and a sentence that says why the draft is invalid (None if it is valid).
        """
        if body.text is not None:
            try:
                return file.check(body.text), None, None
            except Invalid as error:
                return [], None, str(error)
        found = await file.preview(body.topic, None if body.mapping is None else TableDraft(body.mapping))
        return [found.entry] if found.entry else [], found.text, found.problem

    @router.put("", response_model=shapes.MappingsText)
    async def replace_mappings(body: TextChange, by: By) -> Response:
        """Replace `mappings.toml` and subscribe to its topics at once. Return 409 if `revision` is not current."""
        return await edits.replace(by, body)

    @router.post("", response_model=shapes.MappingsText, status_code=201)
    async def create_mapping(body: MappingChange, by: By) -> Response:
        """Add a mapping at the end of `mappings.toml` and activate it at once.

        Return 409 if `revision` is not current.
        """
        return await edits.create(by, body)

    @router.put("/{topic:path}", response_model=shapes.MappingsText)
    async def change_mapping(topic: str, body: MappingChange, by: By) -> Response:
        """Change the mapping of one topic in `mappings.toml` and activate it at once.

        Comments and other mappings are kept. Return 409 if `revision` is not current.
        """
        return await edits.change(by, topic, body)

    @router.delete("/{topic:path}", response_model=shapes.MappingsText)
    async def delete_mapping(topic: str, revision: str, by: By) -> Response:
        """Remove the mapping of one topic from `mappings.toml`. Return 409 if `revision` is not current."""
        return await edits.delete(by, topic, revision)

    return router


def _shape(mapping: Mapping) -> shapes.MappingShape:
    return shapes.MappingShape.of(mapping, metrics=list(mapping.metrics))


def _decoded(topic: str, trial: Trial) -> shapes.MappedMessage:
    readings = [
        shapes.MappedReading(
            device=one.device,
            name=one.info.name,
            ts=one.ts,
            values=[shapes.MappedValue(name, value, one.info.units.get(name)) for name, value in one.values.items()],
        )
        for one in trial.readings
    ]
    return shapes.MappedMessage(topic, readings, trial.problem)
