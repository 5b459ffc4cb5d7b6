"""Responses to requests that the server refuses before they reach the API."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hub.api.errors import problem

HEAD_BYTES = 32 * 1024
URL_BYTES = 8 * 1024
HEADERS = 100
_PROBLEMS = {
    408: ("timeout", "The request did not arrive in time.", "Send it again, faster."),
    414: ("too_large", "The URL is too long.", f"At most {URL_BYTES} bytes are allowed."),
    431: (
        "too_large",
        "The request's headers are too large.",
        f"At most {HEADERS} headers with {HEAD_BYTES} bytes in total are allowed.",
    ),
    503: ("too_busy", "Too many connections are open.", "Try again in a moment, or close other pages."),
    400: ("bad_request", "This is not a valid HTTP request.", ""),
}
_PLAIN = ("bad_request", "This port accepts HTTPS only.", "Use an address that begins with https://.")


def refusal(status: int, text: tuple[str, str, str] | None = None) -> bytes:
    """Return an HTTP response with this status, which announces that the connection closes.

    ``text`` replaces the usual text of the status. It has the code, the problem and the advice.
    """
    answer = problem("", status, *(text or _PROBLEMS[status]))
    lines = [STATUS_LINE[status].rstrip()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    lines += [b"cache-control: no-store", b"connection: close"]
    lines += [b"retry-after: 5"] if status == 503 else []
    return b"\r\n".join(lines) + b"\r\n\r\n" + bytes(answer.body)


PLAIN_ANSWER = refusal(400, _PLAIN)
"""Answer to a plain HTTP request on a port for HTTPS."""
