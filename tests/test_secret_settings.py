"""Secrets from files, the broker's address as a URL, and variables that are not meant for the hub."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from hub.assembly.load_settings import load_settings
from hub.errors import ConfigError
from hub.runtime.settings import reveal

SECRET = "correct horse battery staple"


def test_every_secret_can_come_from_a_file(tmp_path: Path):
    secret, file = tmp_path / "secret", tmp_path / "hub.toml"
    secret.write_text(f"\ufeff{SECRET}\r\n", "utf-8")  # as some editors on Windows save it
    file.write_text(
        f'[http]\ntoken_from = "{secret}"\n[ai]\nopenai_api_key_from = "{secret}"\n'
        f'[ai.servers.lab]\nmodel = "m"\napi_key_from = "{secret}"\n'
    )
    found = load_settings(file, environ={"HUB_MQTT_PASSWORD_FROM": str(secret)})
    secrets = (found.http.token, found.mqtt.password, found.ai.openai_api_key, found.ai.servers["lab"].api_key)
    assert [reveal(each) for each in secrets] == [SECRET] * 4
    assert reveal(load_settings(environ={"HUB_TOKEN_FILE": str(secret)}).http.token) == SECRET


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[mqtt]\npassword_from = "/missing"', r"mqtt\.password_from = '/missing' cannot be read \(No such file"),
        ('[mqtt]\npassword_from = "{pipe}"', r"mqtt\.password_from = .* cannot be read \(it is not a regular file"),
        ('[mqtt]\npassword_from = "/dev/zero"', r"cannot be read \(it is not a regular file"),
        ("[mqtt]\npassword_from = 7", r"mqtt\.password_from = '7' is not valid\. Allowed: the path of a file"),
        ('[mqtt]\npassword_from = "{empty}"', r"mqtt\.password_from = .* is empty or longer than 4,096 bytes"),
        ('[mqtt]\npassword = "x"\npassword_from = "{empty}"', r"mqtt\.password and mqtt\.password_from are both set"),
        ('[ai.servers.lab]\nmodel = "m"\napi_key_from = "/missing"', r"ai\.servers\.lab\.api_key_from = '/missing'"),
        ('[mqtt]\nbroker_from = "/missing"', r"mqtt\.broker_from is not a setting"),
        ('[mqtt]\npassword_file = "/run/secrets/mqtt"', r"Mosquitto's own password file.*mqtt\.password_from"),
        ('[http]\ntoken_from = "{short}"', r"content of http\.token_from = '.*/short' is not valid\. .* at least 16"),
        ('[mqtt]\ncert_file = "a"\nkey_file = "b"', r"mqtt\.cert_file only with mqtt\.tls = true"),
        ('[mqtt]\nca_file = "a"\nbroker = "mqtt://b"', r"mqtt\.ca_file only with mqtt\.tls = true"),
        ('[mqtt]\ncert_file = "hub.crt"', r"both mqtt\.cert_file and mqtt\.key_file, or neither"),
    ],
)
def test_unusable_secret_file_is_named(tmp_path: Path, text: str, message: str):
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "short").write_text("short")
    for name in ("empty", "pipe", "short"):
        text = text.replace(f"{{{name}}}", str(tmp_path / name))
    (tmp_path / "hub.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(tmp_path / "hub.toml", environ={})


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("10.0.0.5", ("10.0.0.5:1883", False, "tcp", "/mqtt")),
        ("broker.example.org:1884", ("broker.example.org:1884", False, "tcp", "/mqtt")),
        ("[::1]", ("[::1]:1883", False, "tcp", "/mqtt")),
        ("mqtt://broker", ("broker:1883", False, "tcp", "/mqtt")),
        ("mqtts://broker", ("broker:8883", True, "tcp", "/mqtt")),
        ("mqtts://[fd00::1]:8884/", ("[fd00::1]:8884", True, "tcp", "/mqtt")),
        ("wss://broker/ws", ("broker:443", True, "websocket", "/ws")),
        ("ws://broker:9001", ("broker:9001", False, "websocket", "/mqtt")),
    ],
)
def test_broker_is_a_host_or_a_url(tmp_path: Path, broker: str, expected: tuple[str, bool, str, str]):
    file = tmp_path / "hub.toml"
    file.write_text('[mqtt]\ntls = false\ntransport = "tcp"\n')  # as in the shipped file
    mqtt = load_settings(file, {"mqtt": {"broker": broker}}, environ={}).mqtt
    assert (mqtt.broker, mqtt.tls, mqtt.transport, mqtt.websocket_path) == expected


def test_host_without_port_uses_that_of_tls():
    assert load_settings(environ={"HUB_MQTT_BROKER": "broker", "HUB_MQTT_TLS": "true"}).mqtt.broker == "broker:8883"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"HUB_MQTT_BROKER": "http://broker"}, "the schemes are mqtt, tcp, mqtts, ssl, ws, wss"),
        ({"HUB_MQTT_BROKER": "mqtt://hub:secret@broker"}, "without user name and password"),
        ({"HUB_MQTT_BROKER": "mqtts://broker/topic"}, "with nothing behind it"),
        ({"HUB_MQTT_BROKER": "mqtts://broker:99999"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "mqtts://"}, "HOST:PORT"),
        ({"HUB_MQTT_BROKER": "a..b"}, "HUB_MQTT_BROKER = 'a..b' is not valid. Allowed: HOST, HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "mqtt://a..b"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "%zz"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": f"{'a' * 64}.example.org"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "broker:0"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "mqtts://broker:0"}, "HOST:PORT or a URL"),
        ({"HUB_MQTT_BROKER": "[fe80::zz]"}, "HOST:PORT or a URL"),
        ({"HUB_HTTP_LISTEN": "a..b:8000"}, "HUB_HTTP_LISTEN = 'a..b:8000' is not valid. Allowed: HOST:PORT"),
        ({"HUB_MQTT_BROKER": "mqtt://broker", "HUB_MQTT_TLS": "true"}, "HUB_MQTT_TLS = .* mqtts:// and wss:// use TLS"),
    ],
)
def test_unusable_broker_address_is_refused(environ: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings(environ=environ)
    assert "secret" not in str(caught.value)


def test_variables_of_kubernetes_are_ignored_with_a_warning(caplog: pytest.LogCaptureFixture):
    links = {
        "HUB_PORT": "tcp://10.43.0.7:8000",
        "HUB_PORT_8000_TCP": "tcp://10.43.0.7:8000",
        "HUB_PORT_8000_TCP_ADDR": "10.43.0.7",
        "HUB_SERVICE_HOST": "10.43.0.7",
        "HUB_SERVICE_PORT": "8000",
        "HUB_SERVICE_PORT_HTTP": "8000",
        "HUB_BROKER_SERVICE_HOST": "10.43.0.8",
    }
    with caplog.at_level(logging.WARNING):
        assert load_settings(environ=links) == load_settings(environ={})
    assert [each.args[0] for each in caplog.records] == list(links)
    with pytest.raises(ConfigError, match="HUB_MQTT_PORT is not a setting"):
        load_settings(environ={"HUB_MQTT_PORT": "1883"})
