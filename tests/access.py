"""Access control and certificates for a Mosquitto broker."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path


def dynamic_security(directory: Path, user: str, password: str, readable: str) -> list[str]:
    """Return configuration lines for Mosquitto's dynamic security: ``user`` may read and write ``readable`` only."""
    salt = os.urandom(12)
    kinds = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
    rules = {
        "defaultACLAccess": dict.fromkeys(("publishClientSend", "publishClientReceive", "subscribe"), False)
        | {"unsubscribe": True},
        "clients": [
            {
                "username": user,
                "roles": [{"rolename": "reader"}],
                "password": base64.b64encode(hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)).decode(),
                "salt": base64.b64encode(salt).decode(),
                "iterations": 101,
            }
        ],
        "roles": [{"rolename": "reader", "acls": [{"acltype": k, "topic": readable, "allow": True} for k in kinds]}],
    }
    file = directory / "dynamic-security.json"
    file.write_text(json.dumps(rules))
    [plugin] = {path.resolve() for path in Path("/usr/lib").rglob("mosquitto_dynamic_security.so")}
    return ["allow_anonymous false", f"plugin {plugin}", f"plugin_opt_config_file {file}"]


def certificates(directory: Path) -> list[str]:
    """Write a CA and a certificate for localhost. Return configuration lines that serve TLS instead of plain TCP."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", *new_key, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    (directory / "names").write_text("subjectAltName=DNS:localhost\n")
    signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial")
    openssl("x509", "-req", "-in", "broker.csr", *signer, "-out", "broker.crt", "-days", "2", "-extfile", "names")
    return [f"certfile {directory}/broker.crt", f"keyfile {directory}/broker.key"]
