"""``/api/calculated-metrics``: list calculated metrics, try a draft over the history, change ``calculated.toml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from hub.api.auth import By
from hub.api.change_log import ChangeLog, calculated_changes
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.config_changes import ConfigChanges
from hub.api.errors import Json
from hub.api.schemas import calculated as shapes
from hub.api.schemas.calculated_requests import CalculatedChange, CalculatedPreviewQuery, CalculatedTrialQuery
from hub.api.schemas.requests import TextChange, TextCheck
from hub.api.while_connected import while_connected
from hub.errors import HubError, Invalid, TooBusy
from hub.model import CalculatedMetric
from hub.registry.reader import DeviceReader
from hub.services.calculated_trials import CalculatedTrials
from hub.services.config_files import ConfigFile

AT_ONCE = 2


def routes(
    file: ConfigFile[CalculatedMetric],
    metrics: Callable[[], Sequence[CalculatedMetric]],
    trials: CalculatedTrials,
    registry: DeviceReader,
    faults: dict[str, list[str]],
    changes: ChangeLog,
) -> APIRouter:
    router = APIRouter(prefix="/api/calculated-metrics", tags=["calculated metrics"])
    slots = ConcurrencyLimit(AT_ONCE, _busy)

    async def active() -> Sequence[CalculatedMetric]:
        return metrics()

    edits = ConfigChanges(file, active, calculated_changes, faults, changes)

    @router.get("", response_model=shapes.CalculatedList)
    async def list_calculated() -> Response:
        """Return the calculated metrics, each with the number of devices that have it."""
        counts = Counter(mark.id for device in registry.devices() for mark in device.calculated.values())
        return Json(shapes.CalculatedList(items=[shapes.item(each, counts[each.id]) for each in metrics()]))

    @router.get("/text", response_model=shapes.CalculatedText)
    async def get_calculated_text() -> Response:
        """Return the text of `calculated.toml` with its `revision`, which is needed to change it."""
        return Json(await file.read())

    @router.post("/check", response_model=shapes.CalculatedChecked)
    async def check_calculated(body: TextCheck) -> Response:
        """Parse a draft of `calculated.toml` and return its metrics, or the problem with it. Nothing is changed."""
        items, problem = edits.check(body.text, shapes.shape)
        return Json(shapes.CalculatedChecked(items=items, problem=problem))

    @router.post("/preview", response_model=shapes.CalculatedPreview, responses={404: {}})
    async def preview_calculated(body: CalculatedPreviewQuery) -> Response:
        """Parse a draft of a calculated metric. Return the metric, and the draft as a table for `calculated.toml`.

        Nothing is changed.
        """
        found = await file.preview(body.id, body.draft())
        if found.entry is None:
            return Json(
                shapes.CalculatedPreview(
                    text=found.text, metric=None, problem=found.problem, devices=0, unit=None, warnings=[]
                )
            )
        devices = trials.devices(found.entry)
        unit = trials.unit(found.entry, devices[0]) if devices else found.entry.unit
        return Json(
            shapes.CalculatedPreview(
                text=found.text,
                metric=shapes.shape(found.entry),
                problem=None,
                devices=len(devices),
                unit=unit,
                warnings=trials.warnings(found.entry),
            )
        )

    @router.post("/backtest", response_model=shapes.CalculatedTrial, responses={404: {}})
    async def backtest_calculated(body: CalculatedTrialQuery, request: Request) -> Response:
        """Calculate a draft of a metric from stored readings, at the times at which the hub would have calculated it.

        Nothing is stored or published. At most 10 devices are calculated and 300,000 readings are read. The calculation
        stops when the client disconnects.
        """
        found = await file.preview(body.id, body.draft())
        if found.entry is None:
            raise Invalid(found.problem or "This is not a calculated metric.")
        with slots.acquire():
            trial = await while_connected(request, trials.run(found.entry, body.start, body.end))
        series = [shapes.CalculatedSeries.of(each) for each in trial.series]
        return Json(shapes.CalculatedTrial.of(trial, series=series))

    @router.put("", response_model=shapes.CalculatedText)
    async def replace_calculated(body: TextChange, by: By) -> Response:
        """Replace `calculated.toml` and activate it at once. Return 409 if `revision` is not current."""
        return await edits.replace(by, body)

    @router.post("", response_model=shapes.CalculatedText, status_code=201)
    async def create_calculated(body: CalculatedChange, by: By) -> Response:
        """Add a metric at the end of `calculated.toml` and activate it at once.

        Return 409 if `revision` is not current.
        """
        return await edits.create(by, body)

    @router.put("/{metric_id}", response_model=shapes.CalculatedText)
    async def change_calculated(metric_id: str, body: CalculatedChange, by: By) -> Response:
        """Change one metric in `calculated.toml` and activate it at once. Comments and other metrics are kept.

        Return 409 if `revision` is not current.
        """
        return await edits.change(by, metric_id, body)

    @router.delete("/{metric_id}", response_model=shapes.CalculatedText)
    async def delete_calculated(metric_id: str, revision: str, by: By) -> Response:
        """Remove one metric from `calculated.toml`. Its history is kept. Return 409 if `revision` is not current."""
        return await edits.delete(by, metric_id, revision)

    return router


def _busy() -> HubError:
    return TooBusy("Other calculated metrics are being tested already.", "Try again in a moment.", after_s=5)
