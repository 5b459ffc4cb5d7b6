"""``/api/mappings``: what topics mean that speak no dialect; a draft tried on messages, another text put in force."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.change_log import ChangeLog, mapping_changes
from hub.api.errors import Json
from hub.api.schemas import mappings as shapes
from hub.api.schemas.requests import MappingsTrial, TextChange, TextCheck
from hub.dialects import DialectConfig, Trial, parse_usable_mappings, reserved, try_out
from hub.errors import Invalid
from hub.model import Mapping, RawMessage
from hub.services.config_files import ConfigFile


def routes(
    file: ConfigFile[Mapping],
    dialects: DialectConfig,
    faults: dict[str, list[str]],
    changes: ChangeLog,
    now: Callable[[], int],
) -> APIRouter:
    router = APIRouter(prefix="/api/mappings", tags=["mappings"])

    async def topics() -> list[str]:
        try:
            return [mapping.topic for mapping in file.check((await file.read()).text)]
        except Invalid:  # somebody has edited the file by hand
            return []

    @router.get("", response_model=shapes.MappingList)
    async def listing() -> Response:
        """The mappings in the order in which they are asked: the first that fits a topic reads it."""
        mappings, _ = parse_usable_mappings((await file.read()).text, reserved(dialects))
        return Json({"items": [_shape(mapping) for mapping in mappings]})

    @router.get("/text", response_model=shapes.MappingsText)
    async def text() -> Response:
        """``mappings.toml`` as it is written; ``revision`` is needed to change it."""
        return Json(await file.read())

    @router.post("/check", response_model=shapes.MappingsChecked)
    async def check(body: TextCheck) -> Response:
        """What a text would mean, or what is wrong with it; nothing is changed."""
        try:
            items = [_shape(mapping) for mapping in file.check(body.text)]
        except Invalid as error:
            return Json({"items": [], "problem": str(error)})
        return Json({"items": items, "problem": None})

    @router.post("/preview", response_model=shapes.MappingsPreview)
    async def preview(body: MappingsTrial) -> Response:
        """What messages would say by a text: devices, values, units, times. Nothing is changed and nothing kept."""
        try:
            mappings = file.check(body.text)
        except Invalid as error:
            return Json({"items": [], "problem": str(error)})
        received = now()
        messages = [RawMessage(each.topic, each.bytes(), received) for each in body.messages]
        items = [_said(message.topic, try_out(mappings, message)) for message in messages]
        return Json({"items": items, "problem": None})

    @router.put("", response_model=shapes.MappingsText)
    async def replace(body: TextChange) -> Response:
        """Put another text in force at once: the hub subscribes to what it names. 409 if somebody else was faster."""
        before = await topics()
        draft = await file.replace(body.text, body.revision)
        faults.pop("mappings.toml", None)
        await changes.write(mapping_changes(before, await topics()))
        return Json(draft)

    return router


def _shape(mapping: Mapping) -> shapes.MappingShape:
    return shapes.MappingShape.of(mapping, metrics=list(mapping.metrics))


def _said(topic: str, trial: Trial) -> shapes.MappedMessage:
    readings: list[shapes.MappedReading] = [
        {
            "device": one.device,
            "name": one.info.name,
            "ts": one.ts,
            "values": [
                {"metric": metric, "value": value, "unit": one.info.units.get(metric)}
                for metric, value in one.values.items()
            ],
        }
        for one in trial.readings
    ]
    return {"topic": topic, "readings": readings, "problem": trial.problem}
