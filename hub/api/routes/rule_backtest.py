"""``/api/rules/backtest`` and ``/suggest-limits``: what a draft of a rule would have raised, and which limits fit.

Both read the stored history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.schemas import backtests as shapes
from hub.api.schemas.backtest_requests import BacktestQuery, LimitQuery
from hub.api.while_connected import while_connected
from hub.errors import HubError, Invalid, TooBusy
from hub.model import Rule
from hub.services.backtests import Backtests
from hub.services.config_files import ConfigFile, TableDraft
from hub.services.limit_suggestions import LimitAdvisor

AT_ONCE = 2


def routes(
    backtests: Backtests, advisor: LimitAdvisor, file: ConfigFile[Rule], rules: Callable[[], Sequence[Rule]]
) -> APIRouter:
    router = APIRouter(prefix="/api/rules", tags=["rules"])
    slots = ConcurrencyLimit(AT_ONCE, _busy)

    @router.post("/backtest", response_model=shapes.BacktestShape, responses={404: {}})
    async def backtest_rule(body: BacktestQuery, request: Request) -> Response:
        """Replay stored readings with a draft of a rule, and with the rule `id` that the draft replaces.

        Each reading is evaluated as if it had arrived when it was measured, by the code that evaluates live readings.
        Nothing is stored, sent or published. At most 100 devices and 500,000 readings are replayed; `left_out` names
        the other devices. The replay stops when the client disconnects.
        """
        draft = body.draft()
        found = await file.preview(body.id, draft)
        if found.entry is None:
            raise Invalid(found.problem or "This is not a rule.")
        old = next((each for each in rules() if each.id == body.id), None) if draft else None
        with slots.acquire():
            work = backtests.run(found.entry, old, body.start, body.end)
            return Json(shapes.shape(await while_connected(request, work)))

    @router.post("/suggest-limits", response_model=shapes.SuggestedLimits)
    async def suggest_limits(body: LimitQuery, request: Request) -> Response:
        """Suggest limits for a threshold rule, from the history of its devices and of other devices of the same models.

        Return 422 if no device has enough values in the period. Nothing is stored.
        """
        found = await file.preview(None, TableDraft(body.draft()))
        if found.entry is None:
            raise Invalid(found.problem or "This is not a rule.")
        with slots.acquire():
            work = advisor.suggest(found.entry, body.side, body.start, body.end)
            return Json(shapes.suggested(await while_connected(request, work)))

    return router


def _busy() -> HubError:
    return TooBusy("Other rules are being tested already.", "Try again in a moment.", after_s=5)
