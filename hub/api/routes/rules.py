"""``/api/rules``: the rules in force, their text, a draft checked, another text put in force."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.change_log import ChangeLog, rule_changes
from hub.api.errors import Json
from hub.api.schemas import rules, serializers
from hub.api.schemas.requests import TextChange, TextCheck
from hub.errors import Invalid
from hub.model import Rule
from hub.rules import Engine
from hub.services.config_files import ConfigFile
from hub.store.base import Store


def routes(
    file: ConfigFile[Rule], engine: Engine, store: Store, faults: dict[str, list[str]], changes: ChangeLog
) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])

    @router.get("", response_model=rules.RuleList)
    async def listing() -> Response:
        """The rules in force, with a sentence for each and when it last raised an alert."""
        fired = await store.last_fired()
        return Json({"items": [serializers.rule(rule, fired.get(rule.id)) for rule in engine.rules]})

    @router.get("/text", response_model=rules.RulesText)
    async def text() -> Response:
        """``rules.toml`` as it is written; ``revision`` is needed to change it."""
        return Json(await file.read())

    @router.post("/check", response_model=rules.RulesChecked)
    async def check(body: TextCheck) -> Response:
        """What a text would mean, or what is wrong with it; nothing is changed."""
        try:
            items = [serializers.rule(rule, None) for rule in file.check(body.text)]
        except Invalid as error:
            return Json({"items": [], "problem": str(error)})
        return Json({"items": items, "problem": None})

    @router.put("", response_model=rules.RulesText)
    async def replace(body: TextChange) -> Response:
        """Put another text in force at once; alerts of rules that are gone are withdrawn. 409 if somebody else was
        faster."""
        before = tuple(engine.rules)
        draft = await file.replace(body.text, body.revision)
        faults.pop("rules.toml", None)
        await changes.write(rule_changes(before, engine.rules))
        return Json(draft)

    return router
