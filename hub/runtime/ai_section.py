"""The table ``[ai]`` of ``hub.toml``: language models and how much they may be used."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from hub.runtime.settings_section import Section

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
    person_daily_money: float | None = Field(default=None, ge=0)
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
