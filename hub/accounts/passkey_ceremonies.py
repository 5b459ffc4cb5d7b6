"""The ceremonies of WebAuthn (level 3): register a passkey, and sign in with one.

A challenge can be used once, within ``LIFETIME_S`` seconds, at the origin that requested it. A sign-in request names no
account: browsers offer all passkeys that they have for this host (discoverable credentials), and the authenticator
verifies the person, for example by a fingerprint. The library is imported when it is first needed, because it takes
20 MB of memory.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hub.accounts.account import Account
from hub.accounts.passkeys import Passkey, Passkeys
from hub.accounts.pending import Pending
from hub.errors import Forbidden, Invalid
from hub.runtime.network_addresses import parse_ip

log = logging.getLogger(__name__)

LIFETIME_S = 300.0
MAX_KEY_BYTES = 2_048
NAME = "Watchkeeper"
_DEFAULT_PORT = {"http": 80, "https": 443}


class RelyingParty(NamedTuple):
    """The hub as WebAuthn sees it: a host name, which is the relying party's id, and the origin of its pages."""

    host: str
    origin: str


class CopiedPasskey(Forbidden):
    """The signature counter of a passkey did not grow, so another device may have a copy of the private key."""

    code = "passkey_copied"

    def __init__(self, passkey: Passkey) -> None:
        super().__init__(
            "The passkey was refused: its counter shows that it may have been copied.",
            "Sign in another way, and remove it in Settings → Your account.",
        )
        self.passkey = passkey


class _Challenge(NamedTuple):
    """A challenge that the browser has not answered yet.

    ``account`` is the account that registers a passkey, None for a sign-in.
    """

    party: RelyingParty
    account: str | None


def relying_party(scheme: str, host: str) -> RelyingParty:
    """Return the relying party for the URL's scheme and the ``Host`` header of a request.

    Raises Invalid if browsers offer no passkeys there: for an IP address, and without HTTPS except for localhost.
    """
    parts = urlsplit(f"{scheme}://{host.lower()}")
    name, port = (parts.hostname or "").rstrip("."), parts.port
    if not name or parse_ip(name) is not None:
        raise Invalid("Passkeys need a host name, not an IP address.", "Open the hub by its name, or by localhost.")
    if scheme != "https" and name != "localhost" and not name.endswith(".localhost"):
        raise Invalid("Passkeys need HTTPS, or localhost.", "Put the hub behind HTTPS.")
    suffix = "" if port in (None, _DEFAULT_PORT[scheme]) else f":{port}"
    return RelyingParty(name, f"{scheme}://{name}{suffix}")


class PasskeyCeremonies:
    """Registrations and sign-ins with passkeys."""

    def __init__(self, passkeys: Passkeys, now: Callable[[], float]) -> None:
        self._passkeys = passkeys
        self._challenges: Pending[_Challenge] = Pending(LIFETIME_S, now)

    async def registration_options(self, account: Account, party: RelyingParty, client: str) -> dict[str, Any]:
        """Return the options for ``navigator.credentials.create()``, as JSON."""
        challenge = self._challenge(_Challenge(party, account.id), client)
        known = [each.credential for each in self._passkeys.of_account(account.id) if each.host == party.host]
        return await asyncio.to_thread(_creation_options, account, party, challenge, known)

    async def sign_in_options(self, party: RelyingParty, client: str) -> dict[str, Any]:
        """Return the options for ``navigator.credentials.get()``, as JSON."""
        return await asyncio.to_thread(_request_options, party, self._challenge(_Challenge(party, None), client))

    async def register(self, account: Account, name: str, credential: dict[str, Any], party: RelyingParty) -> Passkey:
        """Verify the browser's response ``credential``, and store the new passkey.

        Raises Invalid or Forbidden for a response that is not valid, Conflict if the passkey exists or the account has
        too many, and StoreError.
        """
        challenge = self._take(credential, _Challenge(party, account.id))
        try:
            made = await asyncio.to_thread(_verified_registration, credential, challenge, party)
        except Exception as error:  # parsers of CBOR, ASN.1 and JSON, which raise errors of any type
            raise Invalid(*_not_accepted(error)) from error
        if len(made.credential_public_key) > MAX_KEY_BYTES:
            raise Invalid("The passkey's public key is too long.", f"Allowed: {MAX_KEY_BYTES} bytes.")
        return await self._passkeys.add(
            account.id, name, party.host, credential["id"], made.credential_public_key, made.sign_count
        )

    async def sign_in(self, credential: dict[str, Any], party: RelyingParty) -> Passkey:
        """Return the passkey that signed the challenge. ``credential`` is the browser's response.

        Raises Forbidden for a response that cannot be verified, CopiedPasskey if the signature counter did not grow,
        and StoreError.
        """
        challenge = self._take(credential, _Challenge(party, None))
        passkey = self._passkeys.find(str(credential.get("id")))
        if passkey is None:
            raise Forbidden("This passkey is not known to the hub.", "It may have been removed. Sign in another way.")
        try:
            counter = await asyncio.to_thread(_verified_counter, credential, challenge, party, passkey)
        except Exception as error:  # as for registrations
            raise Forbidden(*_not_accepted(error)) from error
        if not await self._passkeys.count_use(passkey, counter):
            log.warning("A passkey of account %s was refused: its counter went back to %d.", passkey.account, counter)
            raise CopiedPasskey(passkey)
        return passkey

    def _challenge(self, challenge: _Challenge, client: str) -> bytes:
        value = secrets.token_bytes(32)
        self._challenges.add(value.hex(), challenge, client)
        return value

    def _take(self, credential: dict[str, Any], expected: _Challenge) -> bytes:
        """Remove and return the challenge that the browser's response ``credential`` has signed.

        Raises Invalid if the response is malformed. Raises Forbidden if the challenge was used or has expired, or is
        not the one in ``expected``: it was made for another host or account, or for a sign-in instead of a
        registration.
        """
        try:
            value = _decoded(json.loads(_decoded(credential["response"]["clientDataJSON"]))["challenge"])
        except (KeyError, TypeError, ValueError, RecursionError):
            raise Invalid("This is not the response of a passkey.", "Send what the browser returned.") from None
        if self._challenges.take(value.hex()) != expected:
            raise Forbidden("The request for a passkey has expired or was used.", "Try again.")
        return value


def _creation_options(account: Account, party: RelyingParty, challenge: bytes, known: list[str]) -> dict[str, Any]:
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name=NAME,
        user_id=account.id.encode(),
        user_name=account.name,
        challenge=challenge,
        timeout=int(LIFETIME_S * 1000),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(each)) for each in known
        ],
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def _request_options(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=int(LIFETIME_S * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def _verified_registration(credential: dict[str, Any], challenge: bytes, party: RelyingParty) -> Any:
    import webauthn

    return webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=party.host,
        expected_origin=party.origin,
        require_user_verification=True,
    )


def _verified_counter(credential: dict[str, Any], challenge: bytes, party: RelyingParty, passkey: Passkey) -> int:
    """Verify the response of a sign-in, and return the signature counter that it contains.

    Raises ValueError and errors of the library if the response is not valid.
    """
    import webauthn

    if _decoded(credential["response"].get("userHandle") or "") != passkey.account.encode():
        raise ValueError("the response names another account")
    verified = webauthn.verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=party.host,
        expected_origin=party.origin,
        credential_public_key=passkey.key,
        # 0 switches off the library's check of the counter. The library compares it before it verifies the signature,
        # so a forged response would look like a copied passkey.
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return int(verified.new_sign_count)


def _not_accepted(error: Exception) -> tuple[str, str]:
    log.info("A passkey was not accepted (%s: %.200s).", type(error).__name__, error)
    return "The passkey was not accepted.", "Try again, or sign in another way. The hub's log has the reason."


def _decoded(text: str) -> bytes:
    """Decode base64url without padding. Raises TypeError or ValueError if ``text`` is not valid."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
