"""``/api/reactions``: list reactions and their runs, check drafts, change ``reactions.toml``, switch all on or off.

A reaction does something, such as sending a command, when its trigger occurs. A run is one such execution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog, reaction_changes
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.config_changes import ConfigChanges
from hub.api.errors import Json
from hub.api.schemas import reactions as shapes
from hub.api.schemas.reaction_requests import (
    ReactionChange,
    ReactionPreviewQuery,
    ReactionSwitchWanted,
    ReactionTrialQuery,
)
from hub.api.schemas.requests import TextChange, TextCheck
from hub.api.while_connected import while_connected
from hub.bounds import decode_toml
from hub.errors import ConfigError, HubError, Invalid, TooBusy
from hub.model.reaction import Reaction
from hub.services.config_files import ConfigFile
from hub.services.reaction_checks import ReactionChecks
from hub.services.reaction_trials import ReactionTrials
from hub.services.reactions import Reactions

AT_ONCE = 2


def routes(
    file: ConfigFile[Reaction],
    reactions: Reactions,
    checks: ReactionChecks,
    trials: ReactionTrials,
    faults: dict[str, list[str]],
    changes: ChangeLog,
) -> APIRouter:
    router = APIRouter(prefix="/api/reactions", tags=["reactions"])
    slots = ConcurrencyLimit(AT_ONCE, _busy)

    async def active() -> Sequence[Reaction]:
        return reactions.definitions

    edits = ConfigChanges(file, active, reaction_changes, faults, changes)

    @router.get("", response_model=shapes.ReactionList)
    async def list_reactions() -> Response:
        """Return the reactions, each with its state and its last run."""
        last, paused = await reactions.store.last(), reactions.state.paused
        items = [
            shapes.item(each, paused.get(each.id), reactions.next_due(each), last.get(each.id))
            for each in reactions.definitions
        ]
        return Json(shapes.ReactionList(items=items, on=reactions.on, allowed=reactions.allowed))

    @router.get("/text", response_model=shapes.ReactionText)
    async def get_reactions_text() -> Response:
        """Return the text of `reactions.toml` with its `revision`, which is needed to change it."""
        return Json(await file.read())

    @router.get("/runs", response_model=shapes.ReactionRunList)
    async def list_reaction_runs(
        reaction: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    ) -> Response:
        """Return the runs of one reaction or of all, newest first.

        `before` is the `number` of a run: only runs with lower numbers are returned.
        """
        found = await reactions.store.runs(reaction, limit, before)
        return Json(shapes.ReactionRunList(items=[shapes.run_shape(number, run) for number, run in found]))

    @router.post("/check", response_model=shapes.ReactionsChecked)
    async def check_reactions(body: TextCheck) -> Response:
        """Parse a draft of `reactions.toml` and return its reactions, or the problem with it. Nothing is changed."""
        items, problem = edits.check(body.text, shapes.shape)
        return Json(shapes.ReactionsChecked(items=items, problem=problem))

    @router.post("/preview", response_model=shapes.ReactionPreview, responses={404: {}})
    async def preview_reaction(body: ReactionPreviewQuery) -> Response:
        """Parse a draft of a reaction. Return the reaction, and the draft as a table for `reactions.toml`.

        Nothing is changed or sent.
        """
        found = await file.preview(body.id, body.draft())
        entry = found.entry
        return Json(
            shapes.ReactionPreview(
                text=found.text,
                values=_values(found.text),
                reaction=None if entry is None else shapes.shape(entry),
                problem=found.problem,
                devices=[] if entry is None else checks.devices(entry)[:100],
                warnings=[] if entry is None else checks.warnings(entry),
            )
        )

    @router.post("/backtest", response_model=shapes.ReactionTrialShape, responses={404: {}})
    async def backtest_reaction(body: ReactionTrialQuery, request: Request) -> Response:
        """Return when a draft of a reaction would have run in a past period, and when and why it would not have run.

        The trial reads the alerts of the period, the times of the schedule, and the stored values that the condition
        needs. Nothing is stored or sent. The trial stops when the client disconnects.
        """
        found = await file.preview(body.id, body.draft())
        if found.entry is None:
            raise Invalid(found.problem or "This is not a reaction.")
        with slots.acquire():
            trial = await while_connected(request, trials.run(found.entry, body.start, body.end))
        return Json(shapes.trial_shape(trial))

    @router.put("", response_model=shapes.ReactionText)
    async def replace_reactions(body: TextChange, by: By) -> Response:
        """Replace `reactions.toml` and activate it at once. Return 409 if `revision` is not current."""
        return await edits.replace(by, body)

    @router.post("", response_model=shapes.ReactionText, status_code=201)
    async def create_reaction(body: ReactionChange, by: By) -> Response:
        """Add a reaction at the end of `reactions.toml` and activate it at once.

        Return 409 if `revision` is not current.
        """
        return await edits.create(by, body)

    @router.post("/switch", response_model=shapes.ReactionSwitch)
    async def switch_reactions(body: ReactionSwitchWanted, by: By) -> Response:
        """Switch all reactions on or off. Return 409 if the settings of the hub keep them off."""
        await reactions.switch(on=body.on)
        word = "on" if body.on else "off"
        await changes.write(by, Change(f"reactions.{word}", f"switched all reactions {word}"))
        return Json(shapes.ReactionSwitch(on=reactions.on))

    @router.post("/{reaction_id}/resume", status_code=204, responses={404: {}})
    async def resume_reaction(reaction_id: str, by: By) -> Response:
        """End the pause of a reaction, so that it can run again.

        The hub pauses a reaction that runs often for the same rule and device, because its own action may cause the
        alerts (loop protection).
        """
        await reactions.resume(reaction_id)
        note(object=reaction_id)
        name = next((each.name for each in reactions.definitions if each.id == reaction_id), reaction_id)
        await changes.write(by, Change("reactions.resumed", f"resumed the reaction {name}", {"name": name}))
        return Response(status_code=204)

    @router.put("/{reaction_id}", response_model=shapes.ReactionText)
    async def change_reaction(reaction_id: str, body: ReactionChange, by: By) -> Response:
        """Change one reaction in `reactions.toml` and activate it at once. Comments and other reactions are kept.

        Return 409 if `revision` is not current.
        """
        return await edits.change(by, reaction_id, body)

    @router.delete("/{reaction_id}", response_model=shapes.ReactionText)
    async def delete_reaction(reaction_id: str, revision: str, by: By) -> Response:
        """Remove one reaction from `reactions.toml`. Its runs are kept. Return 409 if `revision` is not current."""
        return await edits.delete(by, reaction_id, revision)

    return router


def _values(text: str) -> dict[str, Any]:
    """Return the keys and values of the first reaction in a TOML text; empty if the text is not valid."""
    try:
        tables = decode_toml(text, "reactions.toml").get("reaction")
    except ConfigError:
        return {}
    return tables[0] if isinstance(tables, list) and tables and isinstance(tables[0], dict) else {}


def _busy() -> HubError:
    return TooBusy("Other reactions are being tested already.", "Try again in a moment.", after_s=5)
