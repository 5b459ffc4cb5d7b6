"""Settings: precedence of sources, and error messages for invalid keys and values."""

from pathlib import Path

import pytest
from msgspec import to_builtins

from hub.assembly.from_settings import ai_settings
from hub.assembly.load_settings import dialect_config, load_settings
from hub.errors import ConfigError
from hub.runtime.network_addresses import is_loopback, split_address
from hub.runtime.package_data import config_dir


def test_shipped_hub_toml_equals_defaults():
    assert load_settings(config_dir() / "hub.toml", environ={}) == load_settings(environ={})


def test_command_line_overrides_environment_overrides_file(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text(
        '[http]\nlisten = "127.0.0.1:1"\n[mqtt]\nbroker = "a:1"\n[dialects.native]\nprefix = "plant"\n'
        "[store]\nretention_days = 7"
    )
    environ = {"HUB_HTTP_LISTEN": "127.0.0.1:2", "HUB_MQTT_BROKER": "b:2", "UNRELATED": "x"}
    settings = load_settings(file, {"http": {"listen": "127.0.0.1:3"}}, environ)
    assert settings.http.listen == "127.0.0.1:3"
    assert settings.mqtt.broker == "b:2"
    assert (dialect_config(settings).root, settings.store.retention_days) == ("plant", 7)


def test_earlier_names_of_settings_are_accepted(tmp_path, caplog):
    file, secret = tmp_path / "hub.toml", tmp_path / "secret"
    secret.write_text("sesame\n")
    file.write_text(
        '[mqtt]\nroot = "plant"\nhomie = "devices5"\n[openid]\nissuer = "https://id.example"\nclient_id = "hub"\n'
        f'client_secret_file = "{secret}"\n'
    )
    settings = load_settings(file, environ={"HUB_MQTT_HOMEASSISTANT": "discovery"})
    found = {name: to_builtins(table) for name, table in dialect_config(settings).settings.items()}
    assert (found["native"]["prefix"], found["homie"]["prefix"]) == ("plant", "devices5")
    assert found["homeassistant"]["prefix"] == "discovery"
    assert settings.openid.client_secret.get_secret_value() == "sesame"
    assert "The setting mqtt.root is called dialects.native.prefix now." in caplog.text
    file.write_text('[mqtt]\nroot = "plant"\n[dialects.native]\nprefix = "other"\n')
    with pytest.raises(ConfigError, match=r"mqtt\.root"):
        load_settings(file, environ={})


def test_standard_environment_variables_are_read():
    environ = {
        "OPENAI_API_KEY": "sk-1",
        "OLLAMA_HOST": "http://gpu:11434",
        "HUB_TOKEN": "a token of the test",
        "HUB_AI_OPENAI_API_KEY": "sk-2",
    }
    settings = load_settings(environ=environ)
    assert settings.ai.openai_api_key.get_secret_value() == "sk-2"
    assert settings.ai.ollama_host == "http://gpu:11434"
    assert settings.http.token.get_secret_value() == "a token of the test"


def test_model_servers_and_roles_are_read(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text(
        '[ai]\nchat = ["lab", "openai"]\ndaily_calls = 9\n'
        '[ai.servers.lab]\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "sk-lab"'
    )
    environ = {"OPENAI_API_KEY": "sk-env", "HUB_AI_DIAGNOSIS": "openai", "OLLAMA_API_KEY": "o-key"}
    ai = ai_settings(load_settings(file, environ=environ).ai)
    assert [(s.name, s.api_key) for s in ai.servers] == [("openai", "sk-env"), ("ollama", "o-key"), ("lab", "sk-lab")]
    assert (ai.roles["chat"], ai.roles["diagnosis"], ai.roles["vision"]) == (("lab", "openai"), ("openai",), ())
    assert ai.daily_calls == 9
    assert "sk-" not in repr(ai)


def test_error_in_model_server_hides_api_key(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('[ai.servers.lab]\nmodel = "m"\napi_key = 5')
    with pytest.raises(ConfigError, match=r"ai\.servers\.lab\.api_key = \(hidden\)"):
        load_settings(file, environ={})


def test_list_in_environment_is_separated_by_commas():
    assert load_settings(environ={"HUB_HTTP_ALLOWED_HOSTS": "a.example, b.example"}).http.allowed_hosts == (
        "a.example",
        "b.example",
    )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HUB_HTTP_LISTEN": "8000"}, ["HUB_HTTP_LISTEN", "'8000'", "HOST:PORT"]),
        ({"HUB_STORE_RETENTION_DAYS": "0"}, ["HUB_STORE_RETENTION_DAYS", "'0'", "greater than or equal to 1"]),
        ({"HUB_STORE_DATA": ""}, ["HUB_STORE_DATA = ''", "not empty"]),
        ({"HUB_AI_MODE": "magic"}, ["HUB_AI_MODE", "'magic'", "'builtin'"]),
        ({"HUB_DIALECTS_NATIVE_PREFIX": "a/#"}, ["HUB_DIALECTS_NATIVE_PREFIX", "'a/#'"]),
        ({"HUB_MQTT_TLS": "perhaps"}, ["HUB_MQTT_TLS", "'perhaps'", "true or false"]),
        ({"HUB_MQTT_BROKR": "x"}, ["HUB_MQTT_BROKR is not a setting", "Did you mean HUB_MQTT_BROKER?"]),
        ({"HUB_MQTTBROKER": "x"}, ["HUB_MQTTBROKER", "Did you mean HUB_MQTT_BROKER?"]),
        ({"HUB_MQTT": "x"}, ["HUB_MQTT is not a setting", "HUB_MQTT_BROKER, HUB_MQTT_USERNAME"]),
        ({"HUB_MQTT_PASWORD": "canary"}, ["HUB_MQTT_PASWORD", "Did you mean HUB_MQTT_PASSWORD?"]),
        ({"HUB_NONSENSE": "x"}, ["HUB_NONSENSE", "HUB_MQTT_", "HUB_TOKEN"]),
        ({"HUB_TOKN": "x"}, ["HUB_TOKN", "Did you mean HUB_TOKEN?"]),
        ({"HUB_TOKEN": "too-short"}, ["HUB_TOKEN = (hidden)", "16 printable characters"]),
        ({"OPENAI_BASE_URL": "x", "HUB_AI_RETRIES": "-1"}, ["HUB_AI_RETRIES", "'-1'"]),
        ({"HUB_AI_SERVERS_LAB_MODEL": "x"}, ["HUB_AI_SERVERS_LAB_MODEL", "ai.servers is a table"]),
        ({"HUB_STORE_KEEP": "x"}, ["HUB_STORE_KEEP", "store.keep is a table"]),
    ],
)
def test_environment_error_names_key_value_and_allowed_values(environ, expected):
    with pytest.raises(ConfigError) as caught:
        load_settings(environ=environ)
    for word in expected:
        assert word in str(caught.value)
    assert "canary" not in str(caught.value)


def test_error_names_key_set_by_command_line_over_environment():
    with pytest.raises(ConfigError, match=r"^mqtt\.broker = 'x:y'"):
        load_settings(None, {"mqtt": {"broker": "x:y"}}, {"HUB_MQTT_BROKER": "y"})


@pytest.mark.parametrize("text", ["mqtt = 1", "mqtt = []", "[[mqtt]]\nbroker = 'x'"])
def test_section_that_is_not_a_table_is_reported_with_variable_set(tmp_path, text):
    file = tmp_path / "hub.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"^mqtt = .* is not valid\. It is a table: write \[mqtt\]"):
        load_settings(file, environ={"HUB_MQTT_BROKER": "127.0.0.1:1"})


def test_utf8_bom_is_accepted_and_utf16_is_refused(tmp_path):
    file = tmp_path / "hub.toml"
    file.write_text('[dialects.native]\nprefix = "plant"\n', "utf-8-sig")
    assert dialect_config(load_settings(file, environ={})).root == "plant"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        file.write_text('[dialects.native]\nprefix = "plant"\n', encoding)
        with pytest.raises(ConfigError, match=r"hub\.toml is not UTF-8 but UTF-16 or UTF-32\. Save the file"):
            load_settings(file, environ={})
    file.write_bytes(b"")
    assert load_settings(file, environ={}) == load_settings(environ={})


def test_secret_is_not_in_error_message():
    with pytest.raises(ConfigError) as caught:
        load_settings(None, {"http": {"token": ["s3cret"]}}, {})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[http", "TOML"),
        ("[store]\nretention_days='x'", r"store\.retention_days = 'x' is not valid\. Allowed: a whole number\."),
        ("x=1", "x is not a setting"),
        ("http = 'x'", r"http = 'x' is not valid\. It is a table: write \[http\] on a line of its own"),
        ("mqtt = 5", r"mqtt = 5 is not valid\. It is a table"),
        ("[[store]]\ndata = 'x'", r"store = \[\{.*is not valid\. It is a table"),
        ("[http]\nlistn = 'x'", r"http\.listn is not a setting\. Did you mean listen\?"),
        ("[htpt]\nlisten = 'x'", r"htpt is not a setting\. Did you mean http\?"),
        ("listen = 'x'", r"listen is not a setting\. Did you mean http\.listen\?"),
        ("[mqtt]\ntls = 'perhaps'", r"mqtt\.tls = 'perhaps' is not valid\. Allowed: true or false\."),
        ("[mqtt]\nbroker = 1883", r"mqtt\.broker = 1883 is not valid\. Allowed: a text in quotes\."),
        ("[mqtt]\nca_file = 7", r"mqtt\.ca_file = 7 is not valid\. Allowed: a path in quotes\."),
        ("[http]\nallowed_hosts = 'x'", r"http\.allowed_hosts = 'x' is not valid\. Allowed: a list"),
        ("[ai]\nservers = 5", r"ai\.servers = 5 is not valid\. Allowed: a table\."),
        (
            "[ai.servers.lab]\nmodle = 'm'",
            r"ai\.servers\.lab\.modle is not a setting\. .* mean model\?|is missing",
        ),
        ("[ai.servers.lab]\nkind = 'openai'\napi_key = 'canary'", r"^ai\.servers\.lab\.model is missing\."),
        ("[[store.keep]]\nmetrik = 'x'", r"store\.keep\.0\.metrik is not a setting\. Did you mean metric\?"),
        ("[[store.keep]]\nretention_days = 7", r'store\.keep\.0 = \(a table\) is not valid\. Allowed: a "metric"'),
        ("\xff", "not UTF-8: line 1, byte 0xFF"),
        ("[store]\nretention_days = true", r"store\.retention_days = true is not valid\. Allowed: a number\."),
        (
            "[incidents]\nflapping_recoveries = 1",
            r"incidents\.flapping_recoveries = 1 is not valid\. Allowed: greater than",
        ),
        ("[presence]\nstale_factor = true", r"presence\.stale_factor = true is not valid\. Allowed: a number\."),
        ("[store]\nretention_days = 7.5", r"store\.retention_days = 7\.5 is not valid\. Allowed: a whole number\."),
        (
            "[mqtt]\nbroker = '127.0.0.1:-1'",
            r"mqtt\.broker = '127\.0\.0\.1:-1' is not valid\. Allowed: HOST, HOST:PORT.*:1883",
        ),
        ("[mqtt.broker]\nhost = 'x'", r"mqtt\.broker = \(a table\) is not valid\. Allowed: a text in quotes\."),
        ("[mqtt]\nusername = 2024-01-01", r"mqtt\.username = 2024-01-01 is not valid\. Allowed: a text in quotes\."),
        ("[store]\ndata = ''", r"store\.data = '' is not valid\. Allowed: a path that is not empty"),
        ('[mqtt]\nca_file = "a\\u0000b"', r"mqtt\.ca_file = .* is not valid\. Allowed: a path"),
        ("a = " + "[" * 5_000, "nested"),
        ("#" * 1_000_001, "larger than 1,000,000 bytes"),
    ],
    ids=lambda text: text[:30],
)
def test_invalid_settings_file_is_reported(tmp_path, text, error):
    file = tmp_path / "hub.toml"
    file.write_text(text, "latin-1")
    for overrides in ({}, {"http": {"listen": "127.0.0.1:1"}}):
        with pytest.raises(ConfigError, match=error) as caught:
            load_settings(file, overrides, environ={})
        assert "canary" not in str(caught.value)


def test_unreadable_settings_file_is_reported(tmp_path):
    with pytest.raises(ConfigError, match="no settings file"):
        load_settings(Path("nowhere.toml"), environ={})
    with pytest.raises(ConfigError, match="Is a directory"):
        load_settings(tmp_path, environ={})
    with pytest.raises(ConfigError, match="larger than"):
        load_settings(Path("/dev/zero"), environ={})


def test_loopback_addresses_are_recognized():
    assert split_address("[::1]:80") == ("::1", 80)
    for host in ("127.0.0.2", "[::1]", "localhost", "Localhost.", "::ffff:127.0.0.1"):
        assert is_loopback(host), host
    for host in (
        "0.0.0.0",
        "::",
        "",
        "hub.example.org",
        "127.example.org",
        "::ffff:10.0.0.1",
        "localhost.example",
        "hub.localhost",
    ):
        assert not is_loopback(host), host
