"""``/api/models``: the servers of models, who is asked in which role, what they may cost; a key comes in, none goes
out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from hub.ai.base import ROLES
from hub.ai.budget import DailyUsage
from hub.ai.model_settings import ModelAssignments, ModelRegistry
from hub.ai.server_config import ModelServer
from hub.api.change_log import ChangeLog
from hub.api.errors import Json
from hub.api.schemas import models as shapes
from hub.api.schemas.requests import ModelPlan, ModelServerWanted
from hub.api.schemas.responses import WriterShape

Name = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]


def routes(models: ModelRegistry, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/models", tags=["models"])

    @router.get("", response_model=shapes.ModelsShape)
    async def listing() -> Response:
        """What is set and what today has cost."""
        return Json(_shape(models))

    @router.put("", response_model=shapes.ModelsShape)
    async def plan(body: ModelPlan) -> Response:
        """The order of each role and the limits of a day, in force at once. 422 says what cannot be."""
        await models.plan(
            ModelAssignments(
                roles={role: tuple(getattr(body, role)) for role in ROLES},
                daily_calls=body.daily_calls,
                daily_tokens=body.daily_tokens,
                daily_money=body.daily_money,
            )
        )
        await changes.write("changed who answers and the daily limits of the AI")
        return Json(_shape(models))

    @router.put("/{name}", response_model=shapes.ModelsShape)
    async def put(name: Name, body: ModelServerWanted) -> Response:
        """A server, new or known, in force at once. Without ``api_key`` it keeps its key, unless the address is on
        another host: then 422 asks for it. An empty one takes it away."""
        await models.put(_server(name, body))
        await changes.write(f"saved the AI server {name}")
        return Json(_shape(models))

    @router.delete("/{name}", response_model=shapes.ModelsShape)
    async def reset(name: Name) -> Response:
        """Back to what the settings file says of it, if anything."""
        await models.reset(name)
        await changes.write(f"reset the AI server {name} to the settings file")
        return Json(_shape(models))

    @router.post("/{name}/test", response_model=shapes.ModelTest)
    async def test(name: Name, body: ModelServerWanted) -> Response:
        """Ask it one short thing, as it would be set by this body; nothing is kept."""
        fault = await models.test(_server(name, body))
        return Json({"ok": fault is None, "message": fault})

    return router


def _server(name: str, body: ModelServerWanted) -> ModelServer:
    given = body.model_dump(exclude={"api_key"})
    return ModelServer(
        name=name, api_key=body.api_key.get_secret_value() if body.api_key is not None else None, **given
    )


def _shape(models: ModelRegistry) -> shapes.ModelsShape:
    settings, providers = models.settings, models.providers
    return {
        "servers": [_one(models, server) for server in settings.servers],
        "roles": [
            {
                "role": role,
                "servers": list(settings.roles.get(role, ())),
                "order": [WriterShape.of(writer) for writer in providers.describe(role)],
                "resting": providers.resting(role),
                "fault": models.faults.get(f"ai.{role}"),
            }
            for role in ROLES
        ],
        "limits": {
            "calls": settings.daily_calls,
            "tokens": settings.daily_tokens,
            "money": settings.daily_money,
        },
        "spent": shapes.SpentShape.of(providers.budget.total()),
    }


def _one(models: ModelRegistry, server: ModelServer) -> shapes.ModelServerShape:
    return shapes.ModelServerShape.of(
        server,
        has_key=server.api_key is not None,
        changed=models.changed(server.name),
        fault=models.faults.get(server.name),
        spent=shapes.SpentShape.of(models.providers.budget.today().get(server.name, DailyUsage())),
    )
