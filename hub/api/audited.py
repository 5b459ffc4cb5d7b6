"""Which operations write an entry in the audit log, with the kind and the default text of the entry.

A test compares the table with the routes, and fails for an operation that changes something and is missing here. Until
it is added, the entry of such an operation has its method and path as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hub.model import AuditKind


class Audited(NamedTuple):
    """Kind and default text of an operation's audit entries."""

    kind: AuditKind
    text: str


_TABLE = """
sign_in  POST   /login                                      signed in
sign_in  POST   /login/passkey                              signed in with a passkey
sign_in  GET    /login/openid/callback                      signed in with OpenID Connect
sign_in  POST   /logout                                     signed out
sign_in  DELETE /api/account/sessions/{session_id}          signed out a browser
people   POST   /api/welcome                                used a one-time link
people   PATCH  /api/account                                changed their account
people   PUT    /api/account/notifications                  changed their notifications
people   POST   /api/account/password                       changed their password
people   POST   /api/account/tokens                         created an API token
people   DELETE /api/account/tokens/{token_id}              revoked an API token
people   POST   /api/account/passkeys                       added a passkey
people   DELETE /api/account/passkeys/{passkey_id}          removed a passkey
people   PATCH  /api/people/{account_id}                    changed an account
people   DELETE /api/people/{account_id}                    removed an account
people   POST   /api/people/{account_id}/link               created a password link
people   POST   /api/people/invitations                     created an invitation
people   DELETE /api/people/invitations/{link_id}           withdrew an invitation
settings POST   /api/clock/trust                            confirmed the hub's clock
settings POST   /api/areas                                  added an area
settings PATCH  /api/areas/{area_id}                        changed an area
settings DELETE /api/areas/{area_id}                        removed an area
settings POST   /api/dashboards                             created a dashboard
settings PUT    /api/dashboards/{dashboard_id}              changed a dashboard
settings DELETE /api/dashboards/{dashboard_id}              deleted a dashboard
settings POST   /api/rules                                  added a rule
settings PUT    /api/rules                                  replaced rules.toml
settings PUT    /api/rules/{rule_id}                        changed a rule
settings DELETE /api/rules/{rule_id}                        removed a rule
settings POST   /api/calculated-metrics                     added a calculated metric
settings PUT    /api/calculated-metrics                     replaced calculated.toml
settings PUT    /api/calculated-metrics/{metric_id}         changed a calculated metric
settings DELETE /api/calculated-metrics/{metric_id}         removed a calculated metric
settings POST   /api/reactions                              added a reaction
settings PUT    /api/reactions                              replaced reactions.toml
settings POST   /api/reactions/switch                       switched all reactions on or off
settings POST   /api/reactions/{reaction_id}/resume         resumed a reaction
settings PUT    /api/reactions/{reaction_id}                changed a reaction
settings DELETE /api/reactions/{reaction_id}                removed a reaction
settings POST   /api/mappings                               added a mapping
settings PUT    /api/mappings                               replaced mappings.toml
settings PUT    /api/mappings/{topic:path}                  changed a mapping
settings DELETE /api/mappings/{topic:path}                  removed a mapping
settings POST   /api/credentials                            issued a credential
settings POST   /api/credentials/certificates               issued a certificate
settings POST   /api/credentials/{name}/renew               renewed a certificate
settings POST   /api/enrolments                             enrolled a device
settings POST   /api/enrolments/keys                        made an enrolment key
settings DELETE /api/enrolments/keys/{key_id}               revoked an enrolment key
settings DELETE /api/credentials/{name}                     revoked a credential
settings PUT    /api/notifications                          changed the settings of notifications
settings PUT    /api/notifications/channels/{channel_id}    saved a channel
settings DELETE /api/notifications/channels/{channel_id}    removed a channel
settings PUT    /api/notifications/routes                   changed the routes of notifications
settings PUT    /api/notifications/reports                  changed the reports of notifications
settings POST   /api/notifications/channels/{channel_id}/test   tested a channel
settings POST   /api/notifications/deliveries/{number}/retry    sent a notification again
settings PUT    /api/models                                 changed the roles of AI servers and the daily limits
settings PUT    /api/models/{name}                          saved an AI server
settings DELETE /api/models/{name}                          reset an AI server
device   PATCH  /api/devices/{device_id}                    edited a device
device   DELETE /api/devices/{device_id}                    deleted a device with its history
command  PATCH  /api/devices/{device_id}/desired            changed a desired state
command  POST   /api/devices/{device_id}/commands           sent a command
alert    POST   /api/alerts/{alert_id}/acknowledge          acknowledged an alert
alert    DELETE /api/alerts/{alert_id}/acknowledge          removed an acknowledgement
alert    PUT    /api/alerts/{alert_id}/assignee             assigned an alert
alert    DELETE /api/alerts/{alert_id}/assignee             assigned an alert to nobody
alert    POST   /api/alerts/{alert_id}/mute                 muted an alert
alert    DELETE /api/alerts/{alert_id}/mute                 unmuted an alert
alert    POST   /api/alerts/{alert_id}/comments             commented on an alert
alert    POST   /api/alerts/{alert_id}/close                closed an alert
alert    POST   /api/alert-actions                          changed several alerts
alert    PUT    /api/alerts/{alert_id}/cause                confirmed the cause of an alert
alert    DELETE /api/alerts/{alert_id}/cause                removed the cause of an alert
alert    POST   /api/silences                               created a silence
alert    PUT    /api/silences/{silence_id}                  changed a silence
alert    DELETE /api/silences/{silence_id}                  ended a silence
ai       POST   /ask                                        asked the assistant
ai       POST   /ai/ask                                     asked the assistant
ai       POST   /ai/stream                                  asked the assistant
ai       POST   /api/conversations/{conversation}/turns     asked the assistant
ai       POST   /mcp                                        called a tool
ai       DELETE /api/conversations/{conversation}           deleted a conversation
ai       POST   /api/devices/{device_id}/diagnose           requested a diagnosis
ai       POST   /api/alerts/{alert_id}/diagnose             requested a diagnosis
ai       POST   /api/diagnoses/{diagnosis_id}/repeat        repeated a diagnosis
ai       POST   /analyze/image                              analysed a picture
ai       POST   /analyze/audio                              analysed a recording
ai       POST   /analyze/document                           analysed a document
ai       PATCH  /api/analyses/{analysis_id}                 changed an analysis
ai       DELETE /api/analyses/{analysis_id}                 deleted an analysis
ai       DELETE /api/analyses/{analysis_id}/progress        stopped an analysis
ai       POST   /api/analyses/{analysis_id}/ask             asked about a document
ai       POST   /api/models/{name}/test                     tested an AI server
data     POST   /api/history/import                         imported readings
data     GET    /api/history/export                         exported readings
data     GET    /api/alerts/{alert_id}/file                 exported an alert
data     GET    /api/audit/export                           exported the audit log
"""

READ_ONLY = frozenset(
    {
        "POST /api/welcome/check",
        "POST /login/passkey/challenge",
        "POST /login/openid",
        "POST /api/account/passkeys/challenge",
        "POST /api/account/openid",
        "POST /api/history/query",
        "POST /api/silences/preview",
        "POST /api/notifications/dry-run",
        "POST /api/notifications/preview",
        "POST /api/notifications/reports/preview",
        "POST /api/rules/check",
        "POST /api/rules/preview",
        "POST /api/rules/backtest",
        "POST /api/rules/from-words",
        "POST /api/rules/suggest-limits",
        "POST /api/calculated-metrics/check",
        "POST /api/calculated-metrics/preview",
        "POST /api/calculated-metrics/backtest",
        "POST /api/reactions/check",
        "POST /api/reactions/preview",
        "POST /api/reactions/backtest",
        "POST /api/mappings/check",
        "POST /api/mappings/preview",
        "POST /api/telemetry",
    }
)
"""Operations that write no audit entry although their method is not GET.

They change nothing, or they store readings, which are not changes made by a person.
"""

IF_DESCRIBED = frozenset({"POST /mcp"})
"""Operations that write an audit entry only if the handler describes what was done.

Most messages of the Model Context Protocol, such as ``ping``, are not worth an entry.
"""


def _table() -> dict[str, Audited]:
    found = {}
    for line in _TABLE.strip().splitlines():
        kind, method, path, text = line.split(maxsplit=3)
        found[f"{method} {path}"] = Audited(msgspec.convert(kind, AuditKind), text)
    return found


AUDITED: Mapping[str, Audited] = _table()
"""Kind and default text of the audit entries, by ``METHOD path`` as the routes declare the operation."""


def audited(method: str, route: Any, *, described: bool) -> Audited | None:
    """Return kind and default text of an operation's audit entries. Return None if the operation writes no entry.

    ``route`` is the matched route, None for an unknown path. ``described`` is whether the handler has described what
    was done.
    """
    if route is None:
        return None
    operation = f"{method} {route.path}"
    if operation in IF_DESCRIBED and not described:
        return None
    if found := AUDITED.get(operation):
        return found
    return None if method in ("GET", "HEAD") or operation in READ_ONLY else Audited("settings", operation)
