"""The role that each operation of the API needs, for REST, event streams and WebSockets.

In the table, the words ``whole hub`` mark operations that an account limited to some devices may not use. Operations of
administrators need no such mark, because administrators have no limits.

An operation that is missing in the table is for administrators only. A test compares the table with the routes, and
fails for a missing operation.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.accounts.account import Role

SIGNED_OUT = frozenset(
    {
        *("POST /login", "POST /login/passkey", "POST /login/passkey/challenge"),
        *("POST /login/openid", "GET /login/openid/callback"),
        *("POST /api/welcome", "POST /api/welcome/check", "GET /api/session"),
        "POST /api/enrolments",
    }
)
"""Operations that need no sign-in, like the probes ``/healthz`` and ``/readyz`` and the dashboard's files."""

_VIEWER = """
POST   /logout
GET    /api/account
PATCH  /api/account
GET    /api/account/ai
GET    /api/account/notifications
PUT    /api/account/notifications
POST   /api/account/password
GET    /api/account/sessions
DELETE /api/account/sessions/{session_id}
GET    /api/account/tokens
POST   /api/account/tokens
DELETE /api/account/tokens/{token_id}
GET    /api/account/passkeys
POST   /api/account/passkeys
POST   /api/account/passkeys/challenge
POST   /api/account/openid
DELETE /api/account/passkeys/{passkey_id}

GET    /docs
GET    /docs/init.js
GET    /openapi.json
GET    /metrics   whole hub
GET    /api/status
GET    /api/status/trend   whole hub
GET    /api/activity
GET    /api/rejected   whole hub

GET    /api/devices
GET    /api/devices/{device_id}
GET    /api/devices/{device_id}/commands
GET    /api/devices/{device_id}/expected
GET    /api/devices/{device_id}/history
GET    /api/devices/{device_id}/messages
GET    /api/devices/{device_id}/rules
GET    /api/commands/{command_id}
POST   /api/history/query
GET    /api/history/export
GET    /api/areas
GET    /api/dashboards
POST   /api/dashboards
GET    /api/dashboards/{dashboard_id}
PUT    /api/dashboards/{dashboard_id}
DELETE /api/dashboards/{dashboard_id}
GET    /api/fleet-health
GET    /api/alerts
GET    /api/alert-health
GET    /api/alert-digest
GET    /api/alerts/{alert_id}
GET    /api/alerts/{alert_id}/causes
GET    /api/alerts/{alert_id}/chart.png
GET    /api/alerts/{alert_id}/file
GET    /api/alerts/{alert_id}/history
GET    /api/incidents
GET    /api/incidents/{incident_id}
GET    /api/incidents/{incident_id}/history
GET    /api/diagnoses/{diagnosis_id}
GET    /api/diagnoses/{diagnosis_id}/prompt
GET    /api/silences   whole hub
GET    /api/silences/{silence_id}   whole hub
POST   /api/silences/preview   whole hub
GET    /api/rules   whole hub
GET    /api/rules/text   whole hub
GET    /api/calculated-metrics   whole hub
GET    /api/calculated-metrics/text   whole hub
GET    /api/reactions   whole hub
GET    /api/reactions/runs   whole hub
GET    /api/mappings   whole hub
GET    /api/mappings/text   whole hub
GET    /api/topics   whole hub
GET    /api/topics/last   whole hub
GET    /api/terms
GET    /api/credentials/ca

GET    /events/devices
SOCKET /ws
SOCKET /api/live

POST   /mcp
POST   /ask
POST   /ai/ask
POST   /ai/stream
GET    /api/conversations
GET    /api/conversations/{conversation}
DELETE /api/conversations/{conversation}
POST   /api/conversations/{conversation}/turns
GET    /api/analyses
GET    /api/analyses/{analysis_id}
GET    /api/analyses/{analysis_id}/progress
POST   /api/analyses/{analysis_id}/ask
"""

_OPERATOR = """
POST   /api/alerts/{alert_id}/acknowledge
DELETE /api/alerts/{alert_id}/acknowledge
PUT    /api/alerts/{alert_id}/assignee
DELETE /api/alerts/{alert_id}/assignee
POST   /api/alerts/{alert_id}/mute
DELETE /api/alerts/{alert_id}/mute
POST   /api/alerts/{alert_id}/comments
POST   /api/alerts/{alert_id}/close
POST   /api/alert-actions
GET    /api/assignees
PUT    /api/alerts/{alert_id}/cause
DELETE /api/alerts/{alert_id}/cause
POST   /api/silences   whole hub
PUT    /api/silences/{silence_id}   whole hub
DELETE /api/silences/{silence_id}   whole hub
POST   /api/devices/{device_id}/commands
POST   /api/telemetry   whole hub
PATCH  /api/devices/{device_id}/desired
POST   /api/devices/{device_id}/diagnose
POST   /api/alerts/{alert_id}/diagnose
POST   /api/diagnoses/{diagnosis_id}/repeat
POST   /analyze/image
POST   /analyze/audio
POST   /analyze/document
PATCH  /api/analyses/{analysis_id}   whole hub
DELETE /api/analyses/{analysis_id}
DELETE /api/analyses/{analysis_id}/progress
"""

_ADMINISTRATOR = """
PATCH  /api/devices/{device_id}
DELETE /api/devices/{device_id}
POST   /api/areas
PATCH  /api/areas/{area_id}
DELETE /api/areas/{area_id}
POST   /api/history/import
POST   /api/clock/trust
POST   /api/rules
PUT    /api/rules
POST   /api/rules/check
POST   /api/rules/preview
POST   /api/rules/backtest
POST   /api/rules/from-words
POST   /api/rules/suggest-limits
PUT    /api/rules/{rule_id}
DELETE /api/rules/{rule_id}
POST   /api/calculated-metrics
PUT    /api/calculated-metrics
POST   /api/calculated-metrics/check
POST   /api/calculated-metrics/preview
POST   /api/calculated-metrics/backtest
PUT    /api/calculated-metrics/{metric_id}
DELETE /api/calculated-metrics/{metric_id}
GET    /api/reactions/text
POST   /api/reactions
PUT    /api/reactions
POST   /api/reactions/check
POST   /api/reactions/preview
POST   /api/reactions/backtest
POST   /api/reactions/switch
POST   /api/reactions/{reaction_id}/resume
PUT    /api/reactions/{reaction_id}
DELETE /api/reactions/{reaction_id}
POST   /api/mappings
PUT    /api/mappings
POST   /api/mappings/check
POST   /api/mappings/preview
PUT    /api/mappings/{topic:path}
DELETE /api/mappings/{topic:path}
GET    /api/credentials
POST   /api/credentials/certificates
POST   /api/credentials/{name}/renew
POST   /api/credentials
GET    /api/credentials/{name}/line
DELETE /api/credentials/{name}
GET    /api/enrolments/keys
POST   /api/enrolments/keys
DELETE /api/enrolments/keys/{key_id}
GET    /api/models
PUT    /api/models
PUT    /api/models/{name}
DELETE /api/models/{name}
POST   /api/models/{name}/test
GET    /api/notifications
PUT    /api/notifications
PUT    /api/notifications/channels/{channel_id}
DELETE /api/notifications/channels/{channel_id}
POST   /api/notifications/channels/{channel_id}/test
PUT    /api/notifications/routes
PUT    /api/notifications/reports
POST   /api/notifications/reports/preview
POST   /api/notifications/dry-run
POST   /api/notifications/preview
GET    /api/notifications/deliveries
POST   /api/notifications/deliveries/{number}/retry
GET    /api/audit
GET    /api/audit/export
GET    /api/people
PATCH  /api/people/{account_id}
DELETE /api/people/{account_id}
POST   /api/people/{account_id}/link
POST   /api/people/invitations
DELETE /api/people/invitations/{link_id}
"""


_ROLES: tuple[tuple[Role, str], ...] = (("viewer", _VIEWER), ("operator", _OPERATOR), ("administrator", _ADMINISTRATOR))
_ROWS = [(line.split(), role) for role, lines in _ROLES for line in lines.splitlines() if line]

LEAST_ROLE: Mapping[str, Role] = {" ".join(row[:2]): role for row, role in _ROWS}
"""The lowest role that may use an operation.

The key is ``METHOD path``, with the path as the routes declare it. The method of a WebSocket is ``SOCKET``.
"""
WHOLE_HUB = frozenset(" ".join(row[:2]) for row, role in _ROWS if row[2:] or role == "administrator")
"""Operations that accounts with limits (:mod:`hub.accounts.scope`) may not use.

Such an account may use the other operations, which show it only its own devices.
"""
