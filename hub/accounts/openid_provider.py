"""Client of an OpenID provider: read its discovery document and keys, and exchange a code for a verified ID token.

The size and the duration of responses are limited. The libraries are imported before the first request.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hub.errors import SignInUnavailable
from hub.runtime.network_addresses import is_loopback

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
MAX_BYTES = 256 * 1024
"""Maximum size of each response of the provider, in bytes."""
FRESH_S = 3_600.0
"""Seconds that the discovery document and the keys are used before they are read again."""
RETRY_S = 10.0
"""Seconds before the hub may read the keys again, after a failure or for an ID token with an unknown key."""
LEEWAY_S = 60
"""How many seconds the clocks of the hub and the provider may differ."""
SCOPE = "openid profile email"
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Allowed signature algorithms. All use a public key.

With a symmetric key, or without a signature, somebody other than the provider could make a valid token.
"""


class OpenIdClient(NamedTuple):
    """The hub's registration at the provider."""

    issuer: str
    id: str
    secret: str | None


class Handshake(NamedTuple):
    """The values of one sign-in that the hub sends to the provider and checks in its answer.

    ``state``, ``nonce`` and ``verifier`` (for PKCE) are random.
    """

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class OpenIdProvider:
    """One OpenID provider. Its addresses and keys are loaded from its discovery document."""

    def __init__(self, client: OpenIdClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._loading = asyncio.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: Any = None
        self._loaded: float | None = None
        self._failed: float | None = None

    async def address(self, handshake: Handshake) -> str:
        """Return the URL of the provider's page where the person signs in. Raises SignInUnavailable."""
        await self._load(FRESH_S)
        async with self._http(handshake) as http:
            url, _ = http.create_authorization_url(
                self._metadata["authorization_endpoint"],
                state=handshake.state,
                nonce=handshake.nonce,
                code_verifier=handshake.verifier,
            )
        return str(url)

    async def claims(self, handshake: Handshake, code: str) -> Mapping[str, Any]:
        """Exchange a code for an ID token and return its claims. Raises SignInUnavailable if a check fails."""
        await self._load(FRESH_S)
        async with self._http(handshake) as http:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    token = await http.fetch_token(
                        self._metadata["token_endpoint"],
                        code=code,
                        grant_type="authorization_code",
                        code_verifier=handshake.verifier,
                    )
            except Exception as error:  # network, TLS, OAuth and JSON errors of three libraries
                raise _unavailable(self._client.issuer, error) from error
        return await self._checked(str(token.get("id_token", "")), handshake.nonce)

    async def _checked(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Verify an ID token as OpenID Connect Core 1.0, 3.1.3.7 requires, and return its claims.

        Raises SignInUnavailable if the token is not valid.
        """
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError

        offered = self._metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [each for each in _ALGORITHMS if each in offered]
        try:
            try:
                found = jwt.decode(token, self._keys, algorithms=algorithms)
            except (InvalidKeyIdError, ValueError):  # the provider may have new keys
                await self._load(RETRY_S)
                found = jwt.decode(token, self._keys, algorithms=algorithms)
            claims: dict[str, Any] = found.claims
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._client.issuer},
                aud={"essential": True, "value": self._client.id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
            several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
            if claims.get("azp", None if several else self._client.id) != self._client.id:
                raise ValueError("azp is another client")
            if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
                raise ValueError("sub is not a string of 1 to 255 characters")
        except SignInUnavailable:
            raise
        except Exception as error:  # joserfc raises errors of its own, of cryptography, and ValueError
            raise _unavailable(self._client.issuer, error) from error
        return claims

    async def _load(self, fresh_s: float) -> None:
        """Read the discovery document and the keys, unless they were read less than ``fresh_s`` seconds ago.

        Raises SignInUnavailable.
        """
        async with self._loading:
            now = self._clock()
            if self._loaded is not None and now - self._loaded < fresh_s:
                return
            if self._failed is not None and now - self._failed < RETRY_S:
                raise SignInUnavailable("The sign-in provider cannot be reached.", "Sign in another way, or try later.")
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    metadata, keys = await self._read()
            except Exception as error:  # network, TLS, JSON and key errors of three libraries
                self._failed = now
                raise _unavailable(self._client.issuer, error) from error
            self._metadata, self._keys, self._loaded, self._failed = metadata, keys, now, None

    async def _read(self) -> tuple[dict[str, Any], Any]:
        from joserfc.jwk import KeySet

        issuer = self._client.issuer
        async with self._http() as http:
            document = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = (await http.request("GET", document, withhold_token=True)).raise_for_status().json()
            if metadata.get("issuer") != issuer:
                raise ValueError(f"its issuer is {str(metadata.get('issuer'))[:100]!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_url(name, metadata.get(name))
            keys = (await http.request("GET", metadata["jwks_uri"], withhold_token=True)).raise_for_status().json()
        return metadata, KeySet.import_key_set(keys)

    def _http(self, handshake: Handshake | None = None) -> Any:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        return AsyncOAuth2Client(
            client_id=self._client.id,
            client_secret=self._client.secret,
            token_endpoint_auth_method=self._authentication(),
            code_challenge_method="S256",
            scope=SCOPE,
            redirect_uri=handshake.redirect_uri if handshake else None,
            transport=_bounded_transport(),
            timeout=TIMEOUT_S,
            headers={"Accept-Encoding": "identity"},
        )

    def _authentication(self) -> str:
        if self._client.secret is None:
            return "none"
        offered = self._metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def _bounded_transport() -> Any:
    """Return an HTTP transport that raises ValueError for a response longer than ``MAX_BYTES``."""
    import httpx2

    class Bounded(httpx2.AsyncHTTPTransport):
        async def handle_async_request(self, request: Any) -> Any:
            answer = await super().handle_async_request(request)
            try:
                content = b""
                async for part in answer.aiter_raw():
                    content += part
                    if len(content) > MAX_BYTES:
                        raise ValueError(f"the answer is longer than {MAX_BYTES} bytes")
            finally:
                await answer.aclose()
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("the answer is compressed, which the hub did not request")
            return httpx2.Response(answer.status_code, headers=answer.headers, content=content, request=request)

    return Bounded()


def _check_url(name: str, value: object) -> None:
    parts = urlsplit(value if isinstance(value, str) else "")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError(f"its {name} is {str(value)[:100]!r}, which is not an https address")


def _unavailable(issuer: str, error: Exception) -> SignInUnavailable:
    log.warning("Signing in with %s failed (%s: %.200s).", issuer, type(error).__name__, error)
    return SignInUnavailable(
        "The sign-in provider cannot be reached, or its answer is not valid.", "Sign in another way, or try later."
    )
