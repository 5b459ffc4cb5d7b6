"""An authenticator in software: makes passkeys and signs challenges as a phone or a security key does (WebAuthn)."""

from __future__ import annotations

import base64
import json
import secrets
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


class Authenticator:
    """An authenticator with one passkey, for a page with this ``origin``. ``flags`` are the flags that it reports."""

    def __init__(self, origin: str, *, counts: bool = True) -> None:
        self.origin = origin
        self.counter = 0
        self.flags = PRESENT | VERIFIED
        self.id = secrets.token_bytes(16)
        self.user = b""
        self._step = int(counts)
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any], **client: Any) -> dict[str, Any]:
        """Return the response to ``options`` of a registration. ``client`` replaces what the browser reports."""
        self.user = decoded(options["user"]["id"])
        point = self._key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(key)
        data = self._data(options["rp"]["id"], ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._response(
            clientDataJSON=encoded(self._client("create", options, client)), attestationObject=encoded(attestation)
        )

    def get(self, options: dict[str, Any], **client: Any) -> dict[str, Any]:
        """Return the response to ``options`` of a sign-in. ``client`` replaces what the browser reports."""
        self.counter += self._step
        data, client_data = self._data(options["rpId"], 0), self._client("get", options, client)
        signature = self._key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._response(
            clientDataJSON=encoded(client_data),
            authenticatorData=encoded(data),
            signature=encoded(signature),
            userHandle=encoded(self.user),
        )

    def _data(self, host: str, more: int) -> bytes:
        return sha256(host.encode()).digest() + bytes([self.flags | more]) + self.counter.to_bytes(4)

    def _client(self, kind: str, options: dict[str, Any], changed: dict[str, Any]) -> bytes:
        reported = {"type": f"webauthn.{kind}", "challenge": options["challenge"], "origin": self.origin}
        return json.dumps({**reported, "crossOrigin": False, **changed}).encode()

    def _response(self, **response: str) -> dict[str, Any]:
        return {"id": encoded(self.id), "rawId": encoded(self.id), "type": "public-key", "response": response}
