"""Mosquitto with password and ACL files that the hub manages."""

from __future__ import annotations

from pathlib import Path

from brokers import Mosquitto
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.services.credentials import Credentials


class GuardedBroker:
    """Broker with its files in ``directory``, and the hub's credentials for it."""

    def __init__(self, directory: Path) -> None:
        self.files = AccessFiles(directory / "passwd", directory / "acl", directory / "mosquitto.pid")
        self.login = directory / "hub.login"
        access = MosquittoAcl(self.files, "devices")
        access.hub_password(self.login)
        extra = (
            "allow_anonymous false",
            f"password_file {self.files.passwords}",
            f"acl_file {self.files.rights}",
            f"pid_file {self.files.pid_file}",
        )
        self.broker = Mosquitto(directory, extra)
        self.credentials = Credentials(access, broker=self.broker.address, root="devices", login=self.login)

    def settings(self, file: Path) -> Path:
        """Write a hub.toml for a hub that manages this broker."""
        files = self.files
        file.write_text(
            f'[mqtt]\nusername = "hub"\npassword = "{self.login.read_text().strip()}"\n'
            f'password_file = "{files.passwords}"\nacl_file = "{files.rights}"\npid_file = "{files.pid_file}"\n'
        )
        return file
