"""Turn the table ``[openid]`` into the settings of the OpenID provider."""

from __future__ import annotations

from pathlib import Path

from hub.accounts.openid import OpenIdSettings
from hub.accounts.openid_provider import OpenIdClient
from hub.errors import ConfigError
from hub.runtime.openid_section import OpenIdSection
from hub.runtime.settings import reveal

MAX_SECRET_BYTES = 4_096


def openid_settings(section: OpenIdSection) -> OpenIdSettings | None:
    """Return the settings, None without a provider. Raises ConfigError if the file with the secret cannot be read."""
    if section.issuer is None or section.client_id is None:
        return None
    file = section.client_secret_file
    secret = reveal(section.client_secret) if file is None else _read(file)
    return OpenIdSettings(
        client=OpenIdClient(section.issuer, section.client_id, secret),
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


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            secret = stream.read(MAX_SECRET_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"openid.client_secret_file = {str(file)!r} cannot be read ({reason}).") from error
    if not 1 <= len(secret) < MAX_SECRET_BYTES:
        raise ConfigError(f"openid.client_secret_file = {str(file)!r} is empty or too long.")
    return secret
