"""``/api/rules``: list the active rules, change one of them, or read, check and replace ``rules.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.auth import By
from hub.api.change_log import ChangeLog, rule_changes
from hub.api.config_changes import ConfigChanges
from hub.api.errors import Json
from hub.api.schemas import rules, serializers
from hub.api.schemas.requests import TextChange, TextCheck
from hub.api.schemas.table_requests import RuleChange, RulePreviewQuery
from hub.model import Rule
from hub.registry.reader import DeviceReader
from hub.rules import Engine
from hub.services.config_files import ConfigDraft, ConfigFile
from hub.services.rule_warnings import learning_warnings, rule_warnings
from hub.store.base import Store

MAX_WARNINGS = 50
"""Maximum number of warnings about rules in one response."""


def routes(
    file: ConfigFile[Rule],
    engine: Engine,
    registry: DeviceReader,
    store: Store,
    faults: dict[str, list[str]],
    changes: ChangeLog,
) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])

    async def active() -> Sequence[Rule]:
        return engine.rules

    def warnings(some: Iterable[Rule]) -> list[str]:
        devices = list(registry.devices())
        some = list(some)
        found = (each for rule in some for each in rule_warnings(rule, devices, engine.matcher.areas, engine.applies))
        unwatched = (each for rule in some for each in learning_warnings(rule, engine.learned))
        return list(islice(chain(unwatched, found), MAX_WARNINGS))

    def saved(draft: ConfigDraft, before: Sequence[Rule], after: Sequence[Rule]) -> rules.RulesSaved:
        known = {rule.id: rule for rule in before}
        return rules.RulesSaved.of(draft, warnings=warnings(rule for rule in after if rule != known.get(rule.id)))

    edits = ConfigChanges(file, active, rule_changes, faults, changes, saved)

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
        items, problem = edits.check(body.text, lambda rule: serializers.rule(rule, None))
        return Json(rules.RulesChecked(items=items, problem=problem))

    @router.post("/preview", response_model=rules.RulePreview, responses={404: {}})
    async def preview_rule(body: RulePreviewQuery) -> Response:
        """Parse a draft of a rule. Return the rule, and the draft as a table for `rules.toml`. Nothing is changed.

        `devices` is the number of devices that the rule would watch now.
        """
        found = await file.preview(body.id, body.draft())
        rule = found.entry
        entry = None if rule is None else serializers.rule(rule, None)
        devices = sum(engine.applies(rule, device) for device in registry.devices()) if rule else 0
        doubts = warnings([rule]) if rule else []
        return Json(
            rules.RulePreview(text=found.text, rule=entry, problem=found.problem, devices=devices, warnings=doubts)
        )

    @router.put("", response_model=rules.RulesSaved)
    async def replace_rules(body: TextChange, by: By) -> Response:
        """Replace `rules.toml` and activate it at once. Open alerts of removed rules are cleared as withdrawn.

        Return 409 if `revision` is not current.
        """
        return await edits.replace(by, body)

    @router.post("", response_model=rules.RulesSaved, status_code=201)
    async def create_rule(body: RuleChange, by: By) -> Response:
        """Add a rule at the end of `rules.toml` and activate it at once. Return 409 if `revision` is not current."""
        return await edits.create(by, body)

    @router.put("/{rule_id}", response_model=rules.RulesSaved)
    async def change_rule(rule_id: str, body: RuleChange, by: By) -> Response:
        """Change one rule in `rules.toml` and activate it at once. Comments and other rules are kept.

        Return 409 if `revision` is not current.
        """
        return await edits.change(by, rule_id, body)

    @router.delete("/{rule_id}", response_model=rules.RulesSaved)
    async def delete_rule(rule_id: str, revision: str, by: By) -> Response:
        """Remove one rule from `rules.toml`. Its open alerts are cleared as withdrawn.

        Return 409 if `revision` is not current.
        """
        return await edits.delete(by, rule_id, revision)

    return router
