"""``hub certificate``: show the hub's own CA, and issue certificates to servers."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from hub.assembly.from_settings import authority_of
from hub.certificates import SERVER_DAYS, Bundle, read_chain
from hub.commandline.settings import require_hub_folder, settings_from
from hub.errors import Conflict, NotFound
from hub.runtime.private_files import make_folder, replace_file


def run(arguments: argparse.Namespace) -> None:
    """Run ``hub certificate``. Raises HubError with a message for the user."""
    settings = settings_from(arguments)
    require_hub_folder(settings)
    authority = authority_of(settings)
    if arguments.action == "server":
        host, *_ = arguments.hosts
        prepare_folder(arguments.out, host)
        bundle = authority.issue(host, "server", SERVER_DAYS, arguments.hosts)
        print(write_bundle(bundle, arguments.out, host))
        return
    if not authority.exists:
        hint = "It is created with the first certificate: hub certificate server, or hub device add --certificate."
        raise NotFound("This hub has no CA yet.", hint)
    ca = read_chain(authority.ca_file)[0]
    print(f"{authority.ca_file}: {ca.subject}, valid until {ca.ends:%Y-%m-%d}\nSHA-256 {ca.fingerprint}")


def prepare_folder(folder: Path, name: str) -> None:
    """Create the folder for a certificate's files, before the certificate is issued.

    Raises:
        Conflict: The files exist already.
        OSError: Files cannot be created in the folder.
    """
    for file in _files(folder, name):
        if file.exists():
            raise Conflict(f"{file} exists already.", "Move it away, or name another folder with --out.")
    make_folder(folder)
    tempfile.TemporaryFile(dir=folder).close()


def write_bundle(bundle: Bundle, folder: Path, name: str) -> str:
    """Write a certificate with the CA's certificate after it, its private key, and the CA's certificate alone.

    Return a sentence that names the three files.
    """
    certificate, key = _files(folder, name)
    ca = folder / "ca.crt"
    replace_file(key, bundle.key.encode())
    replace_file(certificate, f"{bundle.certificate}{bundle.ca}".encode())
    replace_file(ca, bundle.ca.encode())
    return f"Wrote {certificate}, {key} and {ca}. The hub does not keep the key."


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    safe = name.replace(":", "_")
    return folder / f"{safe}.crt", folder / f"{safe}.key"
