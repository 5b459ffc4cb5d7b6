"""Titles of incidents."""

from __future__ import annotations

from typing import Any

from hub.model import Alert, IncidentKind

TITLE_KEYS = frozenset(("incident.device", "incident.gateway", "incident.rule"))
"""All values of an incident's ``title_key``, by which a title is translated."""


def title_params(name: str, alert: Alert) -> dict[str, Any]:
    """Return the parameters of an incident's title."""
    return {
        "name": name,
        "message": alert.message,
        "message_key": alert.message_key,
        "message_params": alert.message_params,
    }


def title_fields(kind: IncidentKind, params: dict[str, Any]) -> dict[str, Any]:
    """Return the three fields of an incident that make up its title, by their names.

    ``title`` is the title in English. ``title_key`` and ``title_params`` are the key and the values of its
    translations.
    """
    match kind:
        case "device":
            text = f"{params['name']}: {params['message']}"
        case "gateway":
            text = f"Nothing is received through {params['name']}"
        case "rule":
            text = f"{params['name']} and others: {params['message']}"
    return {"title": text, "title_key": f"incident.{kind}", "title_params": params}
