"""``/api/models``: model servers, which of them to use for each task, and daily limits. API keys are never returned."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from hub.ai.base import ROLES
from hub.ai.budget import DailyUsage
from hub.ai.model_settings import ModelAssignments, ModelRegistry
from hub.ai.server_config import ModelServer
from hub.api.audit_draft import note
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.schemas import models as shapes
from hub.api.schemas.diagnoses import WriterShape
from hub.api.schemas.requests import ModelPlan, ModelServerWanted

Name = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]


def routes(models: ModelRegistry, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/models", tags=["models"])

    @router.get("", response_model=shapes.ModelsShape)
    async def get_model_settings() -> Response:
        """Return the model servers, roles, limits, and today's usage."""
        return Json(_shape(models))

    @router.put("", response_model=shapes.ModelsShape)
    async def set_roles_and_limits(body: ModelPlan, by: By) -> Response:
        """Set the model servers for each task, and the daily limits. They apply at once."""
        before = _plan(models)
        await models.plan(
            ModelAssignments(
                roles={role: tuple(getattr(body, role)) for role in ROLES},
                daily_calls=body.daily_calls,
                daily_tokens=body.daily_tokens,
                daily_money=body.daily_money,
                person_daily_calls=body.person_daily_calls,
                person_daily_tokens=body.person_daily_tokens,
                person_daily_money=body.person_daily_money,
                cloud_roles=tuple(dict.fromkeys(body.cloud_roles)),
            )
        )
        note(changes=field_changes(before, _plan(models)))
        await changes.write(by, Change("models.roles", "changed the roles of AI servers and the daily limits"))
        return Json(_shape(models))

    @router.put("/{name}", response_model=shapes.ModelsShape)
    async def save_model_server(name: Name, body: ModelServerWanted, by: By) -> Response:
        """Create or change a model server. It is used at once.

        Without `api_key` the stored key is kept, unless `base_url` names another host: then the key is required (422).
        An empty `api_key` removes it.
        """
        before = _settings(models, name)
        await models.put(_server(name, body))
        note(changes=field_changes(before, _settings(models, name)))
        await changes.write(by, Change("models.saved", f"saved the AI server {name}", {"name": name}))
        return Json(_shape(models))

    @router.delete("/{name}", response_model=shapes.ModelsShape)
    async def reset_model_server(name: Name, by: By) -> Response:
        """Undo the changes of a model server. A server that is not in `hub.toml` is removed."""
        before = _settings(models, name)
        await models.reset(name)
        note(changes=field_changes(before, _settings(models, name)))
        await changes.write(
            by, Change("models.reset", f"reset the AI server {name} to the settings file", {"name": name})
        )
        return Json(_shape(models))

    @router.post("/{name}/test", response_model=shapes.ModelTest)
    async def test_model_server(name: Name, body: ModelServerWanted) -> Response:
        """Send one short request to a model server with these settings, and return whether it succeeds.

        Nothing is saved.
        """
        fault = await models.test(_server(name, body))
        note(model=body.model, base_url=body.base_url, error=fault)
        return Json(shapes.ModelTest(ok=fault is None, message=fault))

    return router


def _server(name: str, body: ModelServerWanted) -> ModelServer:
    given = body.model_dump(exclude={"api_key"})
    return ModelServer(
        name=name, api_key=body.api_key.get_secret_value() if body.api_key is not None else None, **given
    )


def _settings(models: ModelRegistry, name: str) -> ModelServer | None:
    return next((server for server in models.settings.servers if server.name == name), None)


def _plan(models: ModelRegistry) -> dict[str, Any]:
    settings = models.settings
    rest = {name: getattr(settings, name) for name in ModelAssignments.__struct_fields__ if name != "roles"}
    return {role: list(settings.roles.get(role, ())) for role in ROLES} | rest


def _shape(models: ModelRegistry) -> shapes.ModelsShape:
    settings, providers = models.settings, models.providers
    return shapes.ModelsShape(
        servers=[_one(models, server) for server in settings.servers],
        roles=[
            shapes.RoleShape(
                role=role,
                servers=list(settings.roles.get(role, ())),
                order=[WriterShape.of(writer) for writer in providers.describe(role)],
                resting=providers.paused(role),
                fault=models.faults.get(f"ai.{role}"),
            )
            for role in ROLES
        ],
        limits=shapes.SpendLimits(
            calls=settings.daily_calls,
            tokens=settings.daily_tokens,
            money=settings.daily_money,
            person_calls=settings.person_daily_calls,
            person_tokens=settings.person_daily_tokens,
            person_money=settings.person_daily_money,
        ),
        cloud_roles=list(settings.cloud_roles),
        spent=shapes.SpentShape.of(providers.budget.total()),
    )


def _one(models: ModelRegistry, server: ModelServer) -> shapes.ModelServerShape:
    return shapes.ModelServerShape.of(
        server,
        has_key=server.api_key is not None,
        changed=models.changed(server.name),
        fault=models.faults.get(server.name),
        spent=shapes.SpentShape.of(models.providers.budget.today().get(server.name, DailyUsage())),
    )
