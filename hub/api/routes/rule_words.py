"""``POST /api/rules/from-words``: draft a rule from a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.accounts.profile import check_time_zone
from hub.api.errors import Json
from hub.api.schemas import rules as shapes
from hub.api.schemas import serializers
from hub.api.schemas.backtest_requests import RuleWords
from hub.assistant.rule_drafts import RuleDrafts
from hub.errors import Invalid
from hub.model import Rule
from hub.services.config_files import ConfigFile, TableDraft, TablePreview


def routes(drafts: RuleDrafts, file: ConfigFile[Rule], rules: Callable[[], Sequence[Rule]]) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])

    @router.post("/from-words", response_model=shapes.RuleFromWordsShape)
    async def rule_from_words(body: RuleWords, request: Request) -> Response:
        """Draft a rule from a sentence in English, German or Spanish. Nothing is saved.

        For example: "tell me when a freezer stays above -15 °C for ten minutes at night".

        A grammar parses the sentence. If it does not understand all words and a language model is configured, the model
        drafts the rule. `unknown` are the words that the draft does not express. Return 422 for a sentence that no rule
        can express.
        """
        check_time_zone(body.time_zone)
        taken = {rule.id for rule in rules()}
        preview: TablePreview[Rule] | None = None
        refused = None
        for each in await drafts.candidates(
            body.text, request.state.proof.language, body.time_zone, body.temperature_unit
        ):
            if each.draft.refused:
                refused = each.draft.refused
                continue
            keys = {**each.draft.keys, "id": _free_id(each.draft.keys["id"], taken)}
            try:
                preview = await file.preview(None, TableDraft(keys))
            except Invalid:
                continue  # a value that TOML cannot express
            if preview.entry is not None:
                break
        if refused and (preview is None or preview.entry is None):
            raise Invalid(refused)
        if preview is None:
            raise Invalid("No rule could be drafted.", "Name a device or metric and a limit.")
        rule = None if preview.entry is None else serializers.rule(preview.entry, None)
        found = shapes.RuleFromWordsShape(
            text=preview.text,
            rule=rule,
            problem=preview.problem,
            missing=list(each.draft.missing),
            unknown=list(each.draft.unknown),
            model=each.model,
        )
        return Json(found)

    return router


def _free_id(wanted: Any, taken: set[str]) -> str:
    """Return ``wanted`` as a valid id that is not in ``taken``, with a number at the end if necessary."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", str(wanted))[:60].strip("-") or "rule"
    return next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)
