"""Provider for OpenAI and compatible servers. The only module that uses the ``openai`` package.

The package is imported at the first request. The import takes a second and 48 MB, which a hub without a key can save.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from hub.ai import completions, responses
from hub.ai.address_guard import pin
from hub.ai.base import ANSWER_LIMIT, Completion, CompletionRequest, Piece, Recording
from hub.ai.server_config import DEFAULT_ADDRESSES, Api
from hub.errors import AiBusy, AiError
from hub.model import Writer

_NO_KEY = "none"
"""Key for compatible servers that need no key, because the package requires one."""
_LONGEST_WAIT_S = 3600.0


class OpenAIProvider:
    """One server of OpenAI or with a compatible API. It never follows a redirect, which could send the key elsewhere.

    Args:
        api_key: the key; None: the server needs none.
        model: the model for requests without an image.
        base_url: the address of a compatible server; None: OpenAI's own.
        api: chat completions or responses.
        vision_model: the model for requests with an image; None: ``model``.
        transcription_model: the model for speech; None: the server transcribes nothing.
        name: the server's name in the settings.
        timeout_s: time limit of a request, in seconds.
        http_client: an ``httpx2.AsyncClient`` to use instead of the library's own, for tests.
    """

    def __init__(
        self,
        *,
        api_key: str | None,
        model: str,
        base_url: str | None = None,
        api: Api = "chat",
        vision_model: str | None = None,
        transcription_model: str | None = None,
        name: str = "openai",
        timeout_s: float = 60.0,
        http_client: Any = None,
    ) -> None:
        self.name = name
        self._key, self._model, self._base_url = api_key, model, base_url
        self._vision = vision_model or model
        self._transcription = transcription_model
        self._wire = responses if api == "responses" else completions
        self._timeout, self._http = timeout_s, http_client
        self._client: Any = None

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m for m in (self._model, self._vision, self._transcription) if m))

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return self._writer(request)

    def _writer(self, request: CompletionRequest) -> Writer:
        model = self._vision if request.picture is not None else self._model
        return Writer(self.name, model, generative=True)

    def transcriber(self) -> Writer | None:
        return Writer(self.name, self._transcription, generative=True) if self._transcription else None

    async def chat(self, request: CompletionRequest) -> Completion:
        with _translated():
            parsed = self._wire.parse(await self._endpoint().create(**self._body(request)))
        return self._answer(request, parsed)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        parser = self._wire.parser()
        with _translated():
            async with await self._endpoint().create(**self._body(request), **self._streaming()) as chunks:
                async for chunk in chunks:
                    for text in parser.take(chunk):
                        yield text
                    if parser.size > ANSWER_LIMIT:
                        break
                else:
                    if not parser.complete:
                        raise AiBusy("The answer ended too early.", "Try again.")
        yield self._answer(request, parser)

    async def transcribe(self, recording: Recording) -> Completion:
        writer = self.transcriber()
        if writer is None:
            raise AiError(f"{self.name} has no model for speech.", "Set its transcription_model.")
        more = {"prompt": recording.vocabulary} if recording.vocabulary else {}
        with _translated():
            transcript = await self._open().audio.transcriptions.create(
                file=(recording.filename, recording.data), model=writer.model, response_format="json", **more
            )
            text, usage = transcript.text, getattr(transcript, "usage", None)
            if not isinstance(text, str):
                raise AiError("The server's transcript has no text.", "Check which program listens at its address.")
            tokens = completions.token_count(getattr(usage, "total_tokens", 0))
            tokens_in = completions.token_count(getattr(usage, "input_tokens", 0))
        return Completion(text[:ANSWER_LIMIT], writer, tokens=tokens, tokens_in=tokens_in)

    async def check(self) -> str | None:
        try:
            with _translated():
                await self._open().with_options(timeout=5.0, max_retries=0).models.list()
        except AiError as error:
            return str(error)
        return None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def _open(self) -> Any:
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient  # takes a second, see above

            self._client = AsyncOpenAI(
                api_key=self._key or _NO_KEY,
                base_url=self._base_url
                or DEFAULT_ADDRESSES["openai"],  # else the library would read the environment itself
                timeout=self._timeout,
                max_retries=0,
                http_client=self._http
                or DefaultAsyncHttpxClient(follow_redirects=False, event_hooks={"request": [pin]}),
            )
        return self._client

    def _endpoint(self) -> Any:
        client = self._open()
        return client.responses if self._wire is responses else client.chat.completions

    def _body(self, request: CompletionRequest) -> dict[str, Any]:
        model = self._vision if request.picture is not None else self._model
        body: dict[str, Any] = self._wire.body(request, model, compatible=self._base_url is not None)
        return body

    def _streaming(self) -> dict[str, Any]:
        if self._wire is responses:
            return {"stream": True}  # its last event always has the usage
        return {"stream": True, "stream_options": {"include_usage": True}}

    def _answer(
        self, request: CompletionRequest, parsed: completions.ChatCompletionParser | responses.ResponseParser
    ) -> Completion:
        text, calls, writer = parsed.text, parsed.tool_calls(), self._writer(request)
        if not text.strip() and not calls:
            raise AiError("OpenAI sent an empty answer.", "Try again or use another model.")
        return Completion(text[:ANSWER_LIMIT], writer, calls[:16], parsed.tokens, parsed.tokens_in)


def _retry_after(error: Any) -> float | None:
    """Return the seconds in the Retry-After header, at most 3,600. Return None if it has no positive number."""
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT_S) if seconds > 0 else None


@contextmanager
def _translated() -> Iterator[None]:
    """Translate errors raised inside the block into AiError."""
    import openai

    try:
        yield
    except openai.AuthenticationError:
        raise AiError("OpenAI refused the API key.", "Check OPENAI_API_KEY.") from None
    except openai.PermissionDeniedError:
        raise AiError(
            "OpenAI does not allow this key to use the model.", "Check the key's project and the model."
        ) from None
    except openai.NotFoundError:
        raise AiError(
            "OpenAI does not know the model or the address.", "Check OPENAI_MODEL and OPENAI_BASE_URL."
        ) from None
    except openai.RateLimitError as error:
        if error.code == "insufficient_quota":
            raise AiError("OpenAI's quota is used up.", "Check the account's plan.") from None
        raise AiBusy(
            "OpenAI's rate limit is reached.", "Wait a moment, or use another model.", _retry_after(error)
        ) from None
    except openai.APITimeoutError:
        raise AiError("OpenAI did not answer in time.", "Try again.") from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, AiError):  # from address_guard, wrapped by the library
            raise error.__cause__ from None
        raise AiBusy("OpenAI cannot be reached.", "Check the network and OPENAI_BASE_URL.") from None
    except openai.APIStatusError as error:
        kind = AiBusy if error.status_code >= 500 or error.status_code in (408, 409, 425) else AiError
        raise kind(f"OpenAI answered with status {error.status_code}.", "Try again later.") from None
    except openai.OpenAIError:
        raise AiError("OpenAI's answer could not be read.", "Try again.") from None
    except (ValueError, AttributeError, TypeError, IndexError, KeyError, RecursionError):
        # A server that is not compatible.
        text = "The server at OPENAI_BASE_URL sent an answer that is not OpenAI's."
        raise AiError(text, "Check which program listens there.") from None
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2"):
            raise AiBusy("The connection to OpenAI was lost.", "Try again.") from None
        raise
