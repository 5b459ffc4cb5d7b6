"""Settings from the command line, the environment, ``hub.toml`` and the defaults here, in this order of precedence.

Environment variables are ``HUB_SECTION_KEY``, ``HUB_TOKEN``, and the names of the AI libraries (``OPENAI_API_KEY``,
``OLLAMA_HOST``, …; see environment.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hub.runtime import log_setup
from hub.runtime.ai_section import AiSection
from hub.runtime.broker_address import check_broker, with_broker_address
from hub.runtime.database_url import check_database_url
from hub.runtime.network_addresses import check_address, check_network, check_origin, check_root_path
from hub.runtime.openid_section import OpenIdSection
from hub.runtime.settings_section import Section

MIN_TOKEN_CHARS = 16


class HttpSection(Section):
    """The web server. Without ``max_connections``, the limit of connections follows from the limit of open files."""

    listen: str = "127.0.0.1:8000"
    token: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = Field(default=(), max_length=100)
    root_path: str = Field(default="", max_length=200)
    tls_cert_file: Path | None = None  # certificate and key of the server; without them, it serves HTTP
    tls_key_file: Path | None = None
    tls_min_version: Literal["1.2", "1.3"] = "1.2"
    metrics_readings: int = Field(default=0, ge=0, le=20_000)
    max_connections: int | None = Field(default=None, ge=16, le=100_000)
    max_connections_per_client: int | None = Field(default=None, ge=4, le=100_000)

    _root = field_validator("root_path")(check_root_path)
    _listen = field_validator("listen")(check_address)
    _token = field_validator("token")(lambda value: _checked_token(value))
    _origins = field_validator("allowed_origins")(lambda values: tuple(map(check_origin, values)))
    _proxies = field_validator("trusted_proxies")(lambda values: tuple(map(check_network, values)))

    @model_validator(mode="after")
    def _both_files(self) -> HttpSection:
        if (self.tls_cert_file is None) == (self.tls_key_file is None):
            return self
        raise ValueError("both tls_cert_file and tls_key_file, or neither")

    scheme = property(lambda self: "https" if self.tls_cert_file else "http")


class MqttSection(Section):
    """The connection to the broker."""

    broker: str = "127.0.0.1:1883"
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None  # with the key: the hub's own certificate, for brokers that require one
    key_file: Path | None = None
    password_file: Path | None = None
    acl_file: Path | None = None
    pid_file: Path | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    transport: Literal["tcp", "websocket"] = "tcp"
    websocket_path: str = Field(default="/mqtt", pattern=r"^/[!-~]*$", max_length=200)
    window: int = Field(default=10_000, ge=1, le=20_000)

    @field_validator("password_file")
    @classmethod
    def _mosquittos(cls, value: Path | None) -> Path | None:
        if value is not None and value.is_relative_to("/run/secrets"):
            raise ValueError("Mosquitto's own password file. The hub's password from a file is mqtt.password_from")
        return value

    @model_validator(mode="before")
    @classmethod
    def _address(cls, table: Any) -> Any:
        try:
            return with_broker_address(table) if isinstance(table, dict) else table
        except ValueError:
            return table  # the validators of the keys say what is wrong

    @field_validator("broker")
    @classmethod
    def _broker(cls, value: str) -> str:
        return check_broker(value)

    @field_validator("tls")
    @classmethod
    def _no_plain_url(cls, value: bool, info: ValidationInfo) -> bool:
        if value and "://" in info.data.get("broker", ""):
            raise ValueError("false with an address that says mqtt:// or ws://; mqtts:// and wss:// use TLS")
        return value

    @model_validator(mode="after")
    def _both_files(self) -> MqttSection:
        if (self.cert_file is None) == (self.key_file is None):
            return self
        raise ValueError("both mqtt.cert_file and mqtt.key_file, or neither")

    @model_validator(mode="after")
    def _tls_for_its_files(self) -> MqttSection:
        for name in ("ca_file", "cert_file", "key_file"):
            if getattr(self, name) is not None and not self.tls:
                raise ValueError(
                    f"mqtt.{name} only with mqtt.tls = true or an address that begins with mqtts:// or wss://"
                )
        return self


Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionSection(Section):
    """How long the history of some series is kept, in place of the times in the section ``store``.

    It applies to the devices with the label ``label``, and to the metrics whose names match the pattern ``metric``. If
    both are set, it applies to these metrics on these devices. A time that is None is taken from the section ``store``.
    """

    metric: str | None = Field(default=None, min_length=1, max_length=256)
    label: str | None = Field(default=None, min_length=1, max_length=64)
    retention_days: Days | None = None
    minutes_days: Days | None = None
    hours_days: Days | None = None

    @model_validator(mode="after")
    def _of_something(self) -> RetentionSection:
        if self.metric is None and self.label is None:
            raise ValueError('a "metric", a "label" or both')
        return self


class StoreSection(Section):
    """Where the history is stored, and for how many days.

    ``url`` is a PostgreSQL database; without it, the history is an SQLite file in the data folder.

    Attributes:
        retention_days: For how many days readings are kept.
        minutes_days: The same for summaries of readings by minute, which are kept at least as long as readings.
        hours_days: The same for summaries by hour, which are kept at least as long as those by minute.
        audit_days: The same for entries of the audit log.
        audit_entries: How many entries the audit log keeps of each kind and outcome.
    """

    data: Path = Path("data")
    url: SecretStr | None = None
    retention_days: Days = 30
    minutes_days: Days = 365
    hours_days: Days = 3650
    audit_days: Days = 365
    audit_entries: int = Field(default=50_000, ge=1_000, le=10_000_000)
    keep: tuple[RetentionSection, ...] = Field(default=(), max_length=100)

    _url = field_validator("url")(lambda value: _checked_url(value))


class PresenceSection(Section):
    """When a silent device becomes stale."""

    stale_factor: float = Field(default=5.0, ge=1.5, le=1000)
    stale_minimum_s: float = Field(default=15.0, ge=1, le=86_400)
    stale_unknown_s: float = Field(default=600.0, ge=1, le=604_800)


class IncidentsSection(Section):
    """Which alerts are one incident, and when an alert is flapping."""

    group_window_s: float = Field(default=600.0, ge=1, le=86_400)
    max_age_s: float = Field(default=14_400.0, ge=1, le=604_800)
    storm_devices: int = Field(default=5, ge=2, le=1_000)
    flapping_recoveries: int = Field(default=4, ge=2, le=20)
    flapping_window_s: float = Field(default=600.0, ge=1, le=86_400)


class ReactionsSection(Section):
    """Reactions: actions that an alert or a schedule starts. With ``enabled = false``, none of them runs.

    The dashboard cannot change this.
    """

    enabled: bool = True


class LimitsSection(Section):
    devices: int = Field(default=100_000, ge=1, le=1_000_000)
    metrics: int = Field(default=256, ge=1, le=10_000)
    total_metrics: int | None = Field(default=None, ge=1, le=1_000_000_000)


class AnalysisSection(Section):
    """Analysis of uploaded files: their size, the memory of the process that reads one, and the speech model.

    ``speech_model`` is the folder of a faster-whisper model.
    """

    audio_mb: int = Field(default=50, ge=1, le=200)
    document_mb: int = Field(default=50, ge=1, le=200)
    memory_mb: int = Field(default=3_072, ge=512, le=65_536)
    speech_model: Path | None = None


class LogSection(Section):
    """The log on the standard error."""

    level: log_setup.Level = "info"
    format: log_setup.Form = "text"


class DialectsSection(Section):
    """A table ``[dialects.NAME]`` for each dialect: see :func:`hub.runtime.load_settings.with_dialects`."""


class Settings(Section):
    """Everything that can be set, with its default."""

    http: HttpSection = HttpSection()
    openid: OpenIdSection = OpenIdSection()
    mqtt: MqttSection = MqttSection()
    log: LogSection = LogSection()
    dialects: DialectsSection = DialectsSection()
    store: StoreSection = StoreSection()
    presence: PresenceSection = PresenceSection()
    incidents: IncidentsSection = IncidentsSection()
    reactions: ReactionsSection = ReactionsSection()
    limits: LimitsSection = LimitsSection()
    ai: AiSection = AiSection()
    analysis: AnalysisSection = AnalysisSection()


def _checked_token(value: SecretStr | None) -> SecretStr | None:
    """Return the token without white space around it; None if it is blank.

    Raises ValueError for a token that is too short or has control characters.
    """
    token = value.get_secret_value().strip() if value is not None else ""
    if not token:
        return None
    if len(token) < MIN_TOKEN_CHARS or not token.isprintable():
        raise ValueError(f"at least {MIN_TOKEN_CHARS} printable characters (openssl rand -base64 24 makes one)")
    return SecretStr(token)


def _checked_url(value: SecretStr | None) -> SecretStr | None:
    """Return the URL of a database after checking it, without white space around it. Return None if it is blank."""
    url = value.get_secret_value().strip() if value is not None else ""
    return SecretStr(check_database_url(url)) if url else None


def reveal(secret: SecretStr | None) -> str | None:
    """Return the text of a secret setting; None if it is not set or empty."""
    return (secret.get_secret_value() or None) if secret is not None else None
