"""Mail by SMTP, with TLS and time limits. A repeated message has the same Message-ID."""

import ssl
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from taskmanager.channels.kinds import MailChannel
from taskmanager.model.notifications.deliveries import Delivery
from taskmanager.model.notifications.rules import Rule
from taskmanager_scheduler.notifications.transport import NotSentError
from taskmanager_scheduler.notifications.words import Text


def message_of(channel: MailChannel, delivery: Delivery, rule: Rule, text: Text) -> EmailMessage:
    """The mail; programs that answer mail on their own are told not to."""
    made = EmailMessage()
    made["From"] = channel.sender
    made["To"] = ", ".join(rule.recipients)
    made["Subject"] = text.subject
    made["Date"] = format_datetime(delivery.created)
    made["Message-ID"] = f"<{delivery.id}@{channel.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text.plain)
    return made


async def send(channel: MailChannel, password: str | None, message: EmailMessage) -> str:
    """The server's answer in short; raises NotSentError. Recipients it refuses are named."""
    try:
        refused, answer = await aiosmtplib.send(
            message,
            hostname=channel.host,
            port=channel.port,
            use_tls=channel.security == "tls",
            start_tls=channel.security == "starttls",
            tls_context=ssl.create_default_context(cafile=channel.ca_file),
            username=channel.user,
            password=password,
            timeout=channel.timeout_seconds,
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise NotSentError(f"{channel.host}:{channel.port}: {_cause(error)}") from error
    told = f"answered {answer}"
    return f"{told}; not accepted for {', '.join(sorted(refused))}" if refused else told


def _cause(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {seen.verify_message} (see ca_file)"
        seen = seen.__cause__ or seen.__context__
    return " ".join((str(error) or type(error).__name__).split())
