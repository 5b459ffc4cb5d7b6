"""``hub eval``: score a model, or the built-in analyst, on cases whose cause a person has confirmed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from hub.ai.model_settings import open_model_settings
from hub.assembly.database import open_read_only
from hub.assembly.from_settings import ai_settings
from hub.bounds import decode_json
from hub.commandline.replay import read_file
from hub.commandline.settings import settings_from
from hub.diagnosis.alert_replay import replay_file
from hub.diagnosis.evaluation import MAX_FALL, EvaluationCase, EvaluationScore, case_of, evaluate
from hub.errors import HubError, Invalid, NotFound
from hub.registry.stored_state import read_states
from hub.runtime.private_files import replace_file
from hub.runtime.settings import Settings

MAX_CASES = 500


def run(arguments: argparse.Namespace) -> int:
    """Score a model, or the built-in analyst. Return 1 if the score is too low, else 0.

    It is too low if it is more than 5 points below the score in the file ``--baseline``.
    """
    found = asyncio.run(_score(settings_from(arguments), arguments))
    for each in found.results:
        if each.named != each.cause:
            print(f"wrong: {each.name}: {each.named or 'no cause'} instead of {each.cause}")
    writer = arguments.model or "the built-in analyst"
    print(f"{writer}: {found.points:.1f} of 100 points, {found.among_three:.1f} among the first three")
    print(f"{len(found.results)} cases")
    before = None if arguments.baseline is None else _baseline(arguments.baseline, found)
    if before is None:
        return 0
    print(f"baseline: {before:.1f} points")
    return 1 if found.points < before - MAX_FALL else 0


async def _score(settings: Settings, arguments: argparse.Namespace) -> EvaluationScore:
    cases = [case async for case in _cases(settings, arguments.files)]
    if not cases:
        hint = "Confirm the cause of some alerts on their pages, or pass alert files of such alerts."
        raise NotFound("There is nothing to score: no alert has a diagnosis and a confirmed known cause.", hint)
    if arguments.model is None:
        return await evaluate(cases)
    models = await open_model_settings(ai_settings(settings.ai), settings.store.data)
    try:
        names = [each.model for each in models.providers.describe("diagnosis") if each.generative]
        if arguments.model not in names:
            allowed = (
                f"Models for diagnoses: {', '.join(map(str, names))}." if names else "No language model is set up."
            )
            raise NotFound(f"There is no model {arguments.model[:100]!r}.", allowed)
        return await evaluate(cases, models.providers, arguments.model)
    finally:
        await models.providers.close()


async def _cases(settings: Settings, files: list[Path]) -> AsyncIterator[EvaluationCase]:
    """Yield the cases on which a model is scored.

    They are those in the given alert files or, without files, those in the hub's history.
    """
    for file in files:
        contents = read_file(file)
        with tempfile.TemporaryDirectory() as folder:
            replayed = await replay_file(contents, Path(folder))
        device = next(each for each in contents.devices if each.id == contents.alert.device)
        if (case := case_of(contents.alert, replayed.diagnosis, device)) is None:
            raise Invalid(
                f"{file}: no known cause is confirmed.", "Confirm one on the page of the alert, and export it again."
            )
        yield case
    if files:
        return
    with contextlib.closing(open_read_only(settings.store)) as store:
        devices = {device.id: device for device in read_states(store.states(), {})}
        for alert, diagnosis in store.confirmed_cases(MAX_CASES):
            if (case := case_of(alert, diagnosis, devices.get(alert.device))) is not None:
                yield case


def _baseline(file: Path, found: EvaluationScore) -> float | None:
    """Return the score (points) that an earlier evaluation wrote to ``file``.

    If there is no such file, write the new score ``found`` to it and return None. Raises Invalid if the file is of
    another kind.
    """
    if not file.exists():
        replace_file(file, msgspec.json.encode({"points": found.points, "cases": len(found.results)}))
        print(f"{file} is the baseline from now on.")
        return None
    try:
        points = decode_json(file.read_bytes())["points"]
    except (HubError, KeyError, TypeError):
        points = None
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise Invalid(f"{file} is not a baseline of hub eval.", "Delete it to write a new one.")
    return float(points)
