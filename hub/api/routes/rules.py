"""``/api/rules``: list the active rules, change one of them, or read, check and replace ``rules.toml``."""

from __future__ import annotations

from collections.abc import Awaitable

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.auth import By
from hub.api.change_log import ChangeLog, rule_changes
from hub.api.errors import Json
from hub.api.schemas import rules, serializers
from hub.api.schemas.requests import RuleChange, RuleDraft, RulePreviewQuery, TextChange, TextCheck
from hub.errors import Invalid
from hub.model import Rule
from hub.registry.reader import DeviceReader
from hub.rules import Engine
from hub.services.config_files import ConfigDraft, ConfigFile, TableDraft
from hub.store.base import Store


def routes(
    file: ConfigFile[Rule],
    engine: Engine,
    registry: DeviceReader,
    store: Store,
    faults: dict[str, list[str]],
    changes: ChangeLog,
) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])

    async def logged(by: str, change: Awaitable[ConfigDraft]) -> Json:
        """Make a change, write it to the activity log and return the new text."""
        before = tuple(engine.rules)
        draft = await change
        faults.pop("rules.toml", None)
        await changes.write(by, *rule_changes(before, engine.rules))
        return Json(draft)

    @router.get("", response_model=rules.RuleList)
    async def list_rules() -> Response:
        """Return the active rules, each with a description and when it last raised an alert."""
        fired = await store.last_fired()
        return Json(rules.RuleList(items=[serializers.rule(rule, fired.get(rule.id)) for rule in engine.rules]))

    @router.get("/text", response_model=rules.RulesText)
    async def get_rules_text() -> Response:
        """Return the text of `rules.toml` with its `revision`, which is needed to change it."""
        return Json(await file.read())

    @router.post("/check", response_model=rules.RulesChecked)
    async def check_rules(body: TextCheck) -> Response:
        """Parse a draft of `rules.toml` and return its rules, or the problem with it. Nothing is changed."""
        try:
            items = [serializers.rule(rule, None) for rule in file.check(body.text)]
        except Invalid as error:
            return Json(rules.RulesChecked(items=[], problem=str(error)))
        return Json(rules.RulesChecked(items=items, problem=None))

    @router.post("/preview", response_model=rules.RulePreview, responses={404: {}})
    async def preview_rule(body: RulePreviewQuery) -> Response:
        """Return a draft of one rule as parsed and as it would be written in `rules.toml`. Nothing is changed.

        `devices` is the number of devices that it would watch now.
        """
        found = await file.preview(body.id, _draft(body))
        rule = found.entry
        entry = None if rule is None else serializers.rule(rule, None)
        devices = sum(engine.applies(rule, device) for device in registry.devices()) if rule else 0
        return Json(rules.RulePreview(text=found.text, rule=entry, problem=found.problem, devices=devices))

    @router.put("", response_model=rules.RulesText)
    async def replace_rules(body: TextChange, by: By) -> Response:
        """Replace `rules.toml` and activate it at once. Alerts of removed rules are withdrawn.

        Return 409 if `revision` is not current.
        """
        return await logged(by, file.replace(body.text, body.revision))

    @router.post("", response_model=rules.RulesText, status_code=201)
    async def create_rule(body: RuleChange, by: By) -> Response:
        """Add a rule at the end of `rules.toml` and activate it at once. Return 409 if `revision` is not current."""
        answer = await logged(by, file.put_table(None, _draft(body) or TableDraft(), body.revision))
        answer.status_code = 201
        return answer

    @router.put("/{rule_id}", response_model=rules.RulesText)
    async def change_rule(rule_id: str, body: RuleChange, by: By) -> Response:
        """Change one rule in `rules.toml` and activate it at once. Comments and other rules are kept.

        Return 409 if `revision` is not current.
        """
        return await logged(by, file.put_table(rule_id, _draft(body) or TableDraft(), body.revision))

    @router.delete("/{rule_id}", response_model=rules.RulesText)
    async def delete_rule(rule_id: str, revision: str, by: By) -> Response:
        """Remove one rule from `rules.toml`. Its alerts are withdrawn. Return 409 if `revision` is not current."""
        return await logged(by, file.delete_table(rule_id, revision))

    return router


def _draft(body: RuleDraft) -> TableDraft | None:
    if body.rule is None and body.text is None:
        return None
    return TableDraft(body.rule, body.text)
