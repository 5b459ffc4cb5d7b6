"""Certificates and keys for the connection to the broker are checked at start, at a reload and by the doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.commandline.main import main
from hub.runtime.installation import open_installation
from pki import Issued, write_pair

FAULTS = {
    "no CA file": ("ca_file", "missing.pem", "mqtt.ca_file: {file} cannot be read (No such file or directory)."),
    "CA file without certificate": ("ca_file", "text.pem", "mqtt.ca_file: {file} has no valid certificate."),
    "empty CA file": ("ca_file", "empty.pem", "mqtt.ca_file: {file} has no valid certificate."),
    "key in place of a CA": ("ca_file", "hub.key", "mqtt.ca_file: {file} has no valid certificate."),
    "no certificate": (
        "cert_file",
        "missing.pem",
        "mqtt.cert_file: {file} cannot be read (No such file",
    ),
    "folder as certificate": ("cert_file", "", "mqtt.cert_file: {file} cannot be read (Is a directory)."),
    "certificate file with text": ("cert_file", "text.pem", "mqtt.cert_file: {file} has no valid certificate."),
    "no key": ("key_file", "missing.pem", "mqtt.key_file: {file} cannot be read (No such file"),
    "certificate in place of a key": ("key_file", "hub.crt", "mqtt.key_file: {file} has no valid private key."),
    "another key": ("key_file", "other.key", "mqtt.key_file: The key {file} belongs to another certificate."),
}


@pytest.mark.parametrize("command", ["serve", "doctor"])
@pytest.mark.parametrize("fault", FAULTS)
def test_unusable_tls_file_is_reported_with_its_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, command: str
) -> None:
    name, given, message = FAULTS[fault]
    ca = Issued("ca", ca=True)
    write_pair(tmp_path, Issued("hub", ca))
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "other.key").write_bytes(Issued("other").key_pem)
    (tmp_path / "text.pem").write_text("no certificate")
    (tmp_path / "empty.pem").touch()
    files = {"ca_file": "ca.pem", "cert_file": "hub.crt", "key_file": "hub.key"} | {name: given}
    config = tmp_path / "hub.toml"
    config.write_text(
        '[mqtt]\nbroker = "mqtts://127.0.0.1:1"\n'
        + "".join(f'{key} = "{tmp_path / file}"\n' for key, file in files.items())
    )
    data = tmp_path / "data"
    open_installation(data)
    status = main([command, "--config", str(config), "--data", str(data), "--http", "127.0.0.1:0"])
    shown = capsys.readouterr()
    assert message.format(file=tmp_path / given) in shown.out + shown.err
    assert status == (2 if command == "serve" else 1)
