"""Convert the table ``[openid]`` of the settings into the settings of the OpenID provider."""

from __future__ import annotations

from hub.accounts.openid import OpenIdSettings
from hub.accounts.openid_provider import OpenIdClient
from hub.runtime.openid_section import OpenIdSection
from hub.runtime.settings import reveal


def openid_settings(section: OpenIdSection) -> OpenIdSettings | None:
    """Return the settings of the OpenID provider, None if no provider is configured."""
    if section.issuer is None or section.client_id is None:
        return None
    return OpenIdSettings(
        client=OpenIdClient(section.issuer, section.client_id, reveal(section.client_secret)),
        name=section.name,
        domains=section.domains,
        new_people=section.new_people,
        groups_claim=section.groups_claim,
        roles={
            "viewer": section.roles.viewer,
            "operator": section.roles.operator,
            "administrator": section.roles.administrator,
        },
    )
