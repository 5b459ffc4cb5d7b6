"""Settings from the command line, the environment, ``hub.toml`` and the defaults here, in this order of precedence.

Environment variables are ``HUB_SECTION_KEY``, ``HUB_TOKEN``, and the names of the AI libraries (``OPENAI_API_KEY``,
``OLLAMA_HOST``, …; see environment.py).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from hub.bounds import decode_toml, decode_utf8
from hub.errors import ConfigError
from hub.runtime.environment import read_environment
from hub.runtime.network_addresses import check_address, check_network, check_origin
from hub.runtime.openid_section import OpenIdSection
from hub.runtime.settings_errors import explain, is_list, not_a_table
from hub.runtime.settings_section import Section

MIN_TOKEN_CHARS = 16


class HttpSection(Section):
    """The web server. Without ``max_connections`` the limit follows from the process's limit of open files."""

    listen: str = "127.0.0.1:8000"
    token: SecretStr | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = Field(default=(), max_length=100)
    tls_cert_file: Path | None = None  # with the key: serve HTTPS
    tls_key_file: Path | None = None
    tls_min_version: Literal["1.2", "1.3"] = "1.2"
    max_connections: int | None = Field(default=None, ge=16, le=100_000)
    max_connections_per_client: int | None = Field(default=None, ge=4, le=100_000)

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
    """The connection to the broker. Dialects add their own keys: :func:`with_mqtt_keys`."""

    broker: str = "127.0.0.1:1883"
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    password_file: Path | None = None
    acl_file: Path | None = None
    pid_file: Path | None = None
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    transport: Literal["tcp", "websocket"] = "tcp"
    websocket_path: str = Field(default="/mqtt", pattern=r"^/[!-~]*$", max_length=200)
    window: int = Field(default=10_000, ge=1, le=20_000)

    @field_validator("broker")
    @classmethod
    def _broker(cls, value: str) -> str:
        return check_address(value, "127.0.0.1:1883")


Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionSection(Section):
    """Other retention times for devices with a ``label``, metrics that match a pattern, or both.

    A missing time is that of the section ``store``.
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
    """Where the history is, and how long readings, minutes and hours are kept.

    A coarser tier is kept at least as long as a finer one. The audit log keeps ``audit_entries`` of each kind and
    outcome for ``audit_days``.
    """

    data: Path = Path("data")
    retention_days: Days = 30
    minutes_days: Days = 365
    hours_days: Days = 3650
    audit_days: Days = 365
    audit_entries: int = Field(default=50_000, ge=1_000, le=10_000_000)
    keep: tuple[RetentionSection, ...] = Field(default=(), max_length=100)


class PresenceSection(Section):
    """When a silent device becomes stale."""

    stale_factor: float = Field(default=5.0, ge=1.5, le=1000)
    stale_minimum_s: float = Field(default=15.0, ge=1, le=86_400)
    stale_unknown_s: float = Field(default=600.0, ge=1, le=604_800)


class LimitsSection(Section):
    devices: int = Field(default=100_000, ge=1, le=1_000_000)
    metrics: int = Field(default=256, ge=1, le=10_000)
    total_metrics: int | None = Field(default=None, ge=1, le=1_000_000_000)


Names = Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], ...], Field(max_length=16)]
Price = Annotated[float, Field(ge=0, le=100_000)]


class AiServerSection(Section):
    """A further model server, ``[ai.servers.NAME]``. Prices are per million tokens, in any currency."""

    kind: Literal["openai", "ollama"] = "openai"
    model: str = Field(min_length=1, max_length=200)
    base_url: str | None = None
    api_key: SecretStr | None = None
    api: Literal["chat", "responses"] = "chat"
    vision_model: str | None = None
    transcription_model: str | None = None
    price_in: Price | None = None
    price_out: Price | None = None


class AiSection(Section):
    mode: Literal["auto", "builtin", "openai", "ollama"] = "auto"
    fallback: bool = True
    chat: Names = ()
    diagnosis: Names = ()
    vision: Names = ()
    transcription: Names = ()
    chat_timeout_s: float = Field(default=60.0, gt=0, le=600)
    diagnosis_timeout_s: float = Field(default=6.0, gt=0, le=60)
    local_diagnosis_timeout_s: float = Field(default=300.0, ge=60, le=600)
    max_tokens: int = Field(default=900, ge=50, le=100_000)
    retries: int = Field(default=2, ge=0, le=10)
    daily_calls: int | None = Field(default=None, ge=0)
    daily_tokens: int | None = Field(default=None, ge=0)
    daily_money: float | None = Field(default=None, ge=0)
    person_daily_calls: int | None = Field(default=None, ge=0)
    person_daily_tokens: int | None = Field(default=None, ge=0)
    cloud_roles: tuple[Literal["viewer", "operator", "administrator"], ...] = Field(
        default=("viewer", "operator", "administrator"), max_length=3
    )
    openai_model: str = "gpt-4o-mini"
    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    openai_api: Literal["chat", "responses"] = "chat"
    openai_vision_model: str | None = None
    openai_transcription_model: str | None = None
    openai_price_in: Price | None = None
    openai_price_out: Price | None = None
    ollama_host: str | None = None
    ollama_api_key: SecretStr | None = None
    ollama_model: str = "llama3.2"
    ollama_vision_model: str | None = None
    ollama_context: int = Field(default=16_384, ge=2_048, le=1_048_576)
    servers: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], AiServerSection] = Field(default={})


class AnalysisSection(Section):
    """Analysis of uploaded files: their size, the memory of the process that reads one, and the speech model.

    ``speech_model`` is the folder of a faster-whisper model.
    """

    audio_mb: int = Field(default=50, ge=1, le=200)
    document_mb: int = Field(default=50, ge=1, le=200)
    memory_mb: int = Field(default=3_072, ge=512, le=65_536)
    speech_model: Path | None = None


class Settings(Section):
    """Everything that can be set, with its default."""

    http: HttpSection = HttpSection()
    openid: OpenIdSection = OpenIdSection()
    mqtt: MqttSection = MqttSection()
    store: StoreSection = StoreSection()
    presence: PresenceSection = PresenceSection()
    limits: LimitsSection = LimitsSection()
    ai: AiSection = AiSection()
    analysis: AnalysisSection = AnalysisSection()


MAX_FILE_BYTES = 1_000_000
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
"""Limits that msgspec and pydantic call by the same name."""


@functools.cache
def with_mqtt_keys(declared: tuple[type[msgspec.Struct], ...]) -> type[Settings]:
    """Return the settings with the fields of these structs as further keys of ``[mqtt]``."""
    fields: dict[str, Any] = {
        field.name: _pydantic_field(field) for struct in declared for field in msgspec.structs.fields(struct)
    }
    mqtt = create_model("MqttSection", __base__=MqttSection, **fields)
    return create_model("Settings", __base__=Settings, mqtt=(mqtt, mqtt()))


def _pydantic_field(field: msgspec.structs.FieldInfo) -> tuple[Any, Any]:
    """Translate the type, the default and the limits of a struct's field."""
    metas = [each for each in getattr(field.type, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    limits = {name: value for meta in metas for name in _LIMITS if (value := getattr(meta, name)) is not None}
    return (get_args(field.type)[0] if metas else field.type), Field(default=field.default, **limits)


def load(
    file: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    schema: type[Settings] = Settings,
) -> Settings:
    """Read the settings that ``schema`` has. Raises ConfigError that names the key, the value and what is allowed."""
    tables: dict[str, dict[str, Any]] = _read(file) if file else {}
    sections = {name: type(field.default).model_fields for name, field in schema.model_fields.items()}
    keys = {name: tuple(fields) for name, fields in sections.items()}
    lists = {(name, key) for name, fields in sections.items() for key in fields if is_list(fields[key].annotation)}
    variables, from_environment = read_environment(os.environ if environ is None else environ, keys, lists)
    for source in (from_environment, overrides or {}):
        for section, values in source.items():
            if not isinstance(table := tables.setdefault(section, {}), dict):
                raise not_a_table(section, table)
            table.update(values)
            if source is not from_environment:
                variables = {key: name for key, name in variables.items() if key[0] != section or key[1] not in values}
    try:
        return schema.model_validate(tables)
    except ValidationError as error:
        raise explain(error, schema, variables) from None


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            problem = f"{file} is larger than {MAX_FILE_BYTES:,} bytes, so it is not read as a settings file."
            raise ConfigError(problem, "Pass the right file with --config.")
        return decode_toml(decode_utf8(content, str(file)), str(file))
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {file}.", "Pass one with --config.") from None
    except OSError as error:
        hint = "Pass a readable file with --config."
        raise ConfigError(f"The settings file {file} cannot be read ({error.strerror}).", hint) from None


def _checked_token(value: SecretStr | None) -> SecretStr | None:
    """Return None for a blank token. Raise ValueError for one that is too short or has control characters."""
    token = value.get_secret_value().strip() if value is not None else ""
    if not token:
        return None
    if len(token) < MIN_TOKEN_CHARS or not token.isprintable():
        raise ValueError(f"at least {MIN_TOKEN_CHARS} printable characters (openssl rand -base64 24 makes one)")
    return SecretStr(token)


def reveal(secret: SecretStr | None) -> str | None:
    """Return the text of a secret; None if it is empty."""
    return (secret.get_secret_value() or None) if secret is not None else None
