"""Mail over SMTP, as plain text and HTML. Messages about the same alerts have the same thread."""

from __future__ import annotations

import asyncio
import hashlib
import re
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from hub.ai.address_guard import check_host
from hub.errors import AiError, Invalid
from hub.model import FailureReason, Message
from hub.notifications.base import ChannelField, DeliveryFailed, OutgoingMessage, Values

TIMEOUT_S = 10.0
MAX_RECIPIENTS = 20
_MAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,255}")
_COLORS = {"critical": "#c62828", "warning": "#b26a00", "info": "#1565c0", "ok": "#2e7d32"}


class Mail:
    """Sends each message as a mail."""

    kind = "mail"
    title = "E-mail"
    fields: tuple[ChannelField, ...] = (
        ChannelField("host", "SMTP server", required=True, server=True),
        ChannelField("port", "Port", "number", default=587, server=True),
        ChannelField("security", "Security", "choice", default="starttls", choices=("starttls", "tls", "none")),
        ChannelField("verify", "Check the server's certificate", "yes_no", default=True),
        ChannelField("user", "User name"),
        ChannelField("password", "Password", "secret"),
        ChannelField("sender", "From", required=True, help="The sender's address."),
        ChannelField("recipients", "To", help="Addresses, separated by commas. People can add their own."),
    )
    address: ChannelField | None = ChannelField("address", "E-mail address", required=True)
    pictures = True

    def check(self, values: Values) -> None:
        """Raise Invalid for addresses that are not valid, and for a password that would be sent without encryption."""
        for address in (str(values["sender"]), *_recipients(values)):
            self.check_address(address)
        if len(_recipients(values)) > MAX_RECIPIENTS:
            raise Invalid("There are too many recipients.", f"Allowed: {MAX_RECIPIENTS}.")
        if values.get("password") and values["security"] == "none":
            raise Invalid("A password is not sent without encryption.", "Choose starttls or tls.")

    def check_address(self, address: str) -> None:
        """Raise Invalid for an address that is not valid."""
        if not _MAIL.fullmatch(address):
            raise Invalid(f"{address[:64]!r} is not a valid e-mail address.", "Allowed: name@example.org.")

    def target(self, values: Values, address: str) -> str:
        """Return server and receivers."""
        to = address or ", ".join(_recipients(values))
        return f"{to} via {values['host']}:{values['port']}"

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Send the mail. Raises DeliveryFailed."""
        recipients = [outgoing.address] if outgoing.address else _recipients(values)
        if not recipients:
            raise DeliveryFailed("rejected", "The channel has no recipients.")
        try:
            await check_host(str(values["host"]), int(values["port"]))
        except AiError as error:
            raise DeliveryFailed("rejected", error.message) from None
        mail = compose_mail(outgoing, str(values["sender"]), recipients)
        await asyncio.to_thread(_send, values, mail)

    async def close(self) -> None:
        """Hold nothing."""


def compose_mail(outgoing: OutgoingMessage, sender: str, recipients: list[str]) -> EmailMessage:
    """Return the mail of a message. Its Message-ID is made of the key, so that a repeat can be recognized."""
    message, mail = outgoing.message, EmailMessage()
    thread = f"<g-{hashlib.sha256(outgoing.group.encode()).hexdigest()[:32]}@watchkeeper>"
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at / 1_000, UTC))
    mail["Message-ID"] = f"<{outgoing.key}@watchkeeper>"
    mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n{message.url}" if message.url else ""
    mail.set_content(message.text + link)
    mail.add_alternative(_html(message, picture=outgoing.picture is not None), subtype="html")
    if outgoing.picture is not None:
        # For both lines: the types do not say that the payload of a multipart message is a list of parts.
        page = mail.get_payload()[1]  # type: ignore[index]
        page.add_related(outgoing.picture, "image", "png", cid="<chart>")  # type: ignore[union-attr]
    return mail


def _html(message: Message, *, picture: bool) -> str:
    color = _COLORS["ok" if message.kind == "resolved" else message.severity]
    paragraphs = "".join(f"<p>{escape(each).replace(chr(10), '<br>')}</p>" for each in message.text.split("\n\n"))
    chart = '<p><img src="cid:chart" alt="Chart" style="max-width:100%"></p>' if picture else ""
    link = f'<p><a href="{escape(message.url)}">Open in Watchkeeper</a></p>' if message.url else ""
    return (
        '<html><body style="font-family:sans-serif">'
        f'<h2 style="color:{color}">{escape(message.title)}</h2>{paragraphs}{chart}{link}</body></html>'
    )


def _recipients(values: Values) -> list[str]:
    return [each.strip() for each in str(values.get("recipients", "")).split(",") if each.strip()]


def _send(values: Values, mail: EmailMessage) -> None:
    """Hand the mail to the server. Raises DeliveryFailed."""
    host, port = str(values["host"]), int(values["port"])
    context, sending = ssl.create_default_context(), False
    if not values["verify"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        if values["security"] == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        with server:
            if values["security"] == "starttls":
                server.starttls(context=context)
            if values.get("user"):
                server.login(str(values["user"]), str(values.get("password", "")))
            sending = True
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryFailed("auth", _text(error.smtp_error)) from None
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise DeliveryFailed(_reason(code), f"{code} {_text(text)}") from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailed(_reason(error.smtp_code), f"{error.smtp_code} {_text(error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise DeliveryFailed("rejected", str(error)) from None
    except TimeoutError:
        raise DeliveryFailed("timeout", f"No answer within {TIMEOUT_S:g} s.", maybe=sending) from None
    except ssl.SSLError as error:
        raise DeliveryFailed("unreachable", f"TLS: {error.reason or error}") from None
    except (smtplib.SMTPException, OSError) as error:
        late = isinstance(error.__context__, TimeoutError)
        detail = f"{type(error).__name__}: {error}"
        raise DeliveryFailed("timeout" if late else "unreachable", detail, maybe=sending) from None


def _reason(code: int) -> FailureReason:
    return "rejected" if code >= 500 else "rate_limit"


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
