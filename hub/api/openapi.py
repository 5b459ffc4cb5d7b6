"""Complete the OpenAPI description with error responses, security schemes and operation ids.

FastAPI describes what the routes return. The responses of other layers (``guard.py``, ``errors.py``, the web server)
are added here by general rules, so that no route has to repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from hub.accounts.permissions import SIGNED_OUT
from hub.api.audit_trail import AuditTrail
from hub.api.auth import Authenticator
from hub.api.guard import PROBES
from hub.api.schemas import live as live_schemas

OPEN = frozenset(tuple(operation.split()) for operation in SIGNED_OUT) | {("GET", path) for path in PROBES}
"""Operations that need no authentication."""
_SINGULAR = {"diagnoses": "diagnosis", "analyses": "analysis", "topics": "topic"}

ERRORS = {
    400: "The request is not valid, or its path contains a control character.",
    401: "The token or the session cookie is missing or wrong.",
    403: (
        "The role does not permit this, the origin is not allowed, a forwarded request reached a hub that requires no "
        "authentication, or a request with the session cookie has no Origin header."
    ),
    404: "The resource does not exist.",
    408: "The body did not arrive in time.",
    409: "The request conflicts with the current state, or too many changes are waiting.",
    413: "The body is too large. `GET /api/status` returns the limits.",
    414: "The URL is too long.",
    421: "The host name is not allowed.",
    422: "A value is not allowed. The message names it.",
    429: "Too many failed sign-ins from this client.",
    431: "The headers are too large.",
    501: "A package that this operation needs is not installed.",
    503: "The hub is too busy, or the history, the broker or the AI service is not available.",
}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        }
    },
}
_ASK_ERROR_SCHEMA = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_FAULT = {
    "type": "object",
    "required": ["type", "loc", "msg"],
    "properties": {
        "type": {"type": "string"},
        "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
        "msg": {"type": "string"},
    },
}
_DETAIL_ERROR_SCHEMA = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"anyOf": [{"type": "string"}, {"type": "array", "items": _FAULT}]}},
}
SCHEMAS = {"Error": _ERROR_SCHEMA, "AskError": _ASK_ERROR_SCHEMA, "DetailError": _DETAIL_ERROR_SCHEMA}


def operation_id(route: APIRoute) -> str:
    """Return the operation id of a route: ``get_device_history`` for ``GET /api/devices/{device_id}/history``."""
    parts = [part for part in route.path.removeprefix("/api").split("/") if part]
    words = []
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if not part.startswith("{"):
            words.append(_SINGULAR.get(part, part.removesuffix("s")) if following.startswith("{") else part)
    return "_".join([min(route.methods or ()).lower(), *words])


class DescribedApi(FastAPI):
    """A FastAPI application whose OpenAPI description also has error responses, security schemes and operation ids.

    Attributes:
        auth: Has the name of the session cookie, and knows whether a token is needed.
        trail: Writes the audit log.
    """

    def __init__(self, auth: Authenticator, trail: AuditTrail, **options: Any) -> None:
        super().__init__(**options)
        self.auth = auth
        self.trail = trail

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _without_tuples(self.described())
        return self.openapi_schema

    def described(self) -> dict[str, Any]:
        """Return the OpenAPI description with ``prefixItems`` for tuples. The published one describes them as lists.

        The dashboard's types are generated from this one, because it is more exact.
        """
        if not self.webhooks.routes:
            live_schemas.describe(self)
        found = get_openapi(
            title=self.title,
            version=self.version,
            description=self.description,
            routes=self.routes,
            webhooks=self.webhooks.routes,
            servers=[{"url": "."}],
        )
        components = found.setdefault("components", {})
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "The hub's token (HUB_TOKEN)."},
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": self.auth.cookie,
                "description": "From POST /login. Over HTTPS the name begins with __Host-.",
            },
        }
        components["responses"] = {f"{name}{status}": _response(name, status) for name in SCHEMAS for status in ERRORS}
        components["schemas"] |= SCHEMAS
        for unused in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(unused, None)
        found["security"] = [*([{}] if self.auth.open else []), {"token": []}, {"session": []}]
        for webhook in found["webhooks"].values():  # messages of a WebSocket have no responses
            webhook["post"]["responses"].pop("422", None)
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                _complete(method.upper(), path, operation)
        return found


def _without_tuples(schema: Any) -> Any:
    """Return a schema that describes each tuple as an array whose items may have any of the tuple's types.

    The function is recursive. Many generators misread ``prefixItems``, which describes tuples exactly.
    """
    if isinstance(schema, list):
        return [_without_tuples(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _without_tuples(value) for key, value in schema.items() if key != "prefixItems"}
    if "prefixItems" in schema:
        kinds = [_without_tuples(each) for each in schema["prefixItems"]]
        found["items"] = {"anyOf": [kind for place, kind in enumerate(kinds) if kind not in kinds[:place]]}
    return found


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    if (method, path) in OPEN:
        operation["security"] = []
    responses = operation["responses"]
    name = _schema_of(path)
    declared = {int(each) for each in responses if int(each) >= 400}
    for status in sorted(declared | set(_statuses(method, path, operation))):
        own = responses.get(str(status), {}).get("content", {}).get("application/json", {}).get("schema")
        if own is None or "HTTPValidationError" in own.get("$ref", ""):
            responses[str(status)] = {"$ref": f"#/components/responses/{name}{status}"}
        else:
            response = _response(name, status)
            schemas = [own, {"$ref": f"#/components/schemas/{name}"}]
            response["content"]["application/json"]["schema"] = {"anyOf": schemas}
            responses[str(status)] = response
    # itemSchema is a keyword of OpenAPI 3.2, which validators of 3.1 refuse.
    for media in responses.get("200", {}).get("content", {}).values():
        if media.pop("itemSchema", None) is not None:
            media["schema"] = {"type": "string"}


def _response(schema: str, status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": ERRORS[status],
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
    if status in (429, 503):
        header = {"schema": {"type": "integer"}, "description": "Seconds to wait, if known."}
        response["headers"] = {"Retry-After": header}
    return response


def _statuses(method: str, path: str, operation: dict[str, Any]) -> Iterator[int]:
    """Yield the HTTP statuses of errors that come from the server or the middleware, not from the operation.

    An example is 401 for a client that is not signed in. ``method`` and ``path`` identify the operation, and
    ``operation`` is its description in OpenAPI.
    """
    yield from (414, 431, 503)
    if path not in PROBES:
        yield from (403, 421)
    if (method, path) not in OPEN or path in ("/login", "/login/passkey"):
        yield 401
    if path not in PROBES:
        yield 429
    if "requestBody" in operation:
        yield from (400, 408, 413, 422)
    if "{" in path:
        yield from (400, 404)
    if method != "GET" and path not in ("/login", "/logout"):
        yield 409


def _schema_of(path: str) -> str:
    """Return the name of the error schema for this path, matching :func:`hub.api.errors.problem`."""
    if path == "/ask":
        return "AskError"
    return "DetailError" if path.startswith(("/ai/", "/analyze/")) else "Error"
