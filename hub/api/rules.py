"""``/api/rules``: the rules in force, their text, a draft checked, another text put in force."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api import convert, rule_shapes
from hub.api.changes import ChangeLog, rule_changes
from hub.api.problems import Json
from hub.api.services import Services
from hub.api.wire import TextChange, TextCheck
from hub.book import rulebook
from hub.errors import Invalid


def routes(services: Services, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])
    book = rulebook(services.data, services.inbox.submit, services.now)

    @router.get("", response_model=rule_shapes.RuleList)
    async def listing() -> Response:
        """The rules in force, with a sentence for each and when it last raised an alert."""
        fired = await services.store.last_fired()
        return Json({"items": [convert.rule(rule, fired.get(rule.id)) for rule in services.engine.rules]})

    @router.get("/text", response_model=rule_shapes.RulesText)
    async def text() -> Response:
        """``rules.toml`` as it is written; ``revision`` is needed to change it."""
        return Json(await book.read())

    @router.post("/check", response_model=rule_shapes.RulesChecked)
    async def check(body: TextCheck) -> Response:
        """What a text would mean, or what is wrong with it; nothing is changed."""
        try:
            items = [convert.rule(rule, None) for rule in book.check(body.text)]
        except Invalid as error:
            return Json({"items": [], "problem": str(error)})
        return Json({"items": items, "problem": None})

    @router.put("", response_model=rule_shapes.RulesText)
    async def replace(body: TextChange) -> Response:
        """Put another text in force at once; alerts of rules that are gone are withdrawn. 409 if somebody else was
        faster."""
        before = tuple(services.engine.rules)
        draft = await book.replace(body.text, body.revision)
        services.faults.pop("rules.toml", None)
        await changes.write(rule_changes(before, services.engine.rules))
        return Json(draft)

    return router
