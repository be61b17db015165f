"""Messages over the real protocols, to an SMTP server and to an HTTP server, and what may go wrong."""

import asyncio
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from taskmanager.errors import TemporaryError
from taskmanager.model.notifications.rules import Rule
from taskmanager_scheduler.notifications.sender import Posting
from taskmanager_testing.clock import SetClock

from .receivers import Receiver, receiving
from .samples import NOW, SECRET, channels, delivery, rule

TO = ("anna@example.org", "otto@example.org")
CLOSED = 1
"""A port on which nothing listens."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine and its key, in one file."""
    openssl = shutil.which("openssl")
    assert openssl is not None
    folder = tmp_path_factory.mktemp("tls")
    key, file = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", file, "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + key.read_text())
    return file


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@dataclass
class Postbox:
    """What an SMTP server does with what it gets."""

    refuses: frozenset[str] = frozenset()
    answer: str = "250 kept"
    kept: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    logins: list[LoginPassword] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        assert isinstance(envelope.content, bytes)
        if self.answer.startswith("250"):
            self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
            self.to.append(envelope.rcpt_tos)
        return self.answer

    def login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        del server, session, envelope, mechanism
        self.logins.append(data)
        return AuthResult(success=data.password == SECRET.encode(), handled=False)


@dataclass(frozen=True)
class Server:
    """An SMTP server on a free port of this machine."""

    port: int


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
async def smtp(postbox: Postbox, tls: ssl.SSLContext) -> AsyncIterator[Server]:
    """With STARTTLS, which it requires, and log-in."""
    options = {"tls_context": tls, "require_starttls": True, "authenticator": postbox.login}
    async with _listening(postbox, **options) as server:
        yield server


@pytest.fixture
async def plain_smtp(postbox: Postbox) -> AsyncIterator[Server]:
    """Without TLS."""
    async with _listening(postbox) as server:
        yield server


@asynccontextmanager
async def _listening(postbox: Postbox, **options: Any) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(postbox, loop=loop, **options), "127.0.0.1", 0)
    try:
        yield Server(listening.sockets[0].getsockname()[1])
    finally:
        listening.close()


async def post(folder: Path, one: Rule | None = None, **table: Any) -> str:
    settings = channels(folder, one=table)
    made = (one or rule()).model_copy(update={"channel": "one"})
    return await Posting(settings, SetClock(NOW))(settings.channels["one"], delivery(), made)


def mail(server: Server, **more: Any) -> dict[str, Any]:
    table = {"kind": "mail", "host": "127.0.0.1", "port": server.port, "sender": "tm@example.org"}
    return {**table, "timeout_seconds": 60, **more}


def hook(receiver: Receiver, folder: Path, **more: Any) -> dict[str, Any]:
    table = {"kind": "webhook", "url": receiver.url, "secret_file": str(folder / "secret")}
    return {**table, "private_addresses": True, "timeout_seconds": 60, **more}


TWO = rule(recipients=TO)


async def test_a_mail_arrives_over_tls_with_a_log_in(
    smtp: Server, postbox: Postbox, certificate: Path, tmp_path: Path
) -> None:
    login = {"user": "tm", "password_file": str(tmp_path / "password")}
    answer = await post(tmp_path, TWO, **mail(smtp, ca_file=str(certificate), **login))
    assert answer == "answered kept"
    [kept] = postbox.kept
    assert postbox.to == [list(TO)]
    assert postbox.logins[0].login == b"tm"
    assert kept["Subject"] == "[TaskManager] jp2: the job Atlas 1 failed: no space left"
    assert kept["Message-ID"] == "<2f1c@example.org>"
    assert "https://tasks.example.org/jobs/job-1" in kept.get_content()


async def test_recipients_that_are_refused_are_named_and_the_others_get_it(
    smtp: Server, postbox: Postbox, certificate: Path, tmp_path: Path
) -> None:
    postbox.refuses = frozenset({TO[1]})
    answer = await post(tmp_path, TWO, **mail(smtp, ca_file=str(certificate)))
    assert answer == f"answered kept; not accepted for {TO[1]}"
    assert postbox.to == [[TO[0]]]


async def test_what_an_smtp_server_has_against_it_is_said(
    smtp: Server, postbox: Postbox, certificate: Path, tmp_path: Path
) -> None:
    trusted = mail(smtp, ca_file=str(certificate))
    postbox.answer = "451 try later"
    with pytest.raises(TemporaryError, match=r"451.*try later"):
        await post(tmp_path, TWO, **trusted)
    postbox.answer, postbox.refuses = "250 ok", frozenset(TO)
    with pytest.raises(TemporaryError, match="no such mailbox"):
        await post(tmp_path, TWO, **trusted)
    (tmp_path / "guess").write_text("guessed")
    with pytest.raises(TemporaryError, match="535") as caught:
        await post(tmp_path, TWO, **{**trusted, "user": "tm", "password_file": str(tmp_path / "guess")})
    assert "guessed" not in str(caught.value)
    assert postbox.kept == []


async def test_mail_does_not_go_where_the_certificate_is_nobody_s(
    smtp: Server, postbox: Postbox, tmp_path: Path
) -> None:
    with pytest.raises(TemporaryError, match="its certificate is not trusted"):
        await post(tmp_path, TWO, **mail(smtp))
    assert postbox.kept == []


async def test_mail_does_not_go_without_tls_unless_that_is_set(
    plain_smtp: Server, postbox: Postbox, tmp_path: Path
) -> None:
    with pytest.raises(TemporaryError, match="STARTTLS"):
        await post(tmp_path, TWO, **mail(plain_smtp))
    assert postbox.kept == []
    assert await post(tmp_path, TWO, **mail(plain_smtp, security="none")) == "answered kept"


async def test_a_mail_server_that_is_away_or_says_nothing_is_said(tmp_path: Path) -> None:
    away = {"kind": "mail", "host": "127.0.0.1", "port": CLOSED, "sender": "tm@example.org"}
    with pytest.raises(TemporaryError, match=rf"127\.0\.0\.1:{CLOSED}: "):
        await post(tmp_path, TWO, **away)
    async with receiving(Receiver(silent=True)) as silent:
        with pytest.raises(TemporaryError, match=r"[Tt]imed out"):
            await post(tmp_path, TWO, **{**away, "port": silent.port, "timeout_seconds": 0.2})


async def test_a_webhook_gets_signed_json(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        assert await post(tmp_path, **hook(receiver, tmp_path)) == "answered 200"
    [heard] = receiver.heard
    assert heard.line == "POST /hook HTTP/1.1"
    assert json.loads(heard.body)["events"][0]["facts"]["title"] == "Atlas 1"
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert b64decode(heard.headers["webhook-signature"].removeprefix("v1,")) == digest


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 8\r\n\r\nout of\no", "answered 500 out of o"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "answered 302"),
        (b"nonsense\r\n\r\n", "127.0.0.1: "),
        (b"", "127.0.0.1: "),
    ],
)
async def test_whatever_is_no_success_is_said_and_not_followed(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    async with receiving(Receiver(answer)) as receiver:
        with pytest.raises(TemporaryError) as caught:
            await post(tmp_path, **hook(receiver, tmp_path))
    assert said in str(caught.value)
    assert len(receiver.heard) == 1


async def test_a_webhook_that_does_not_answer_is_left_in_time(tmp_path: Path) -> None:
    async with receiving(Receiver(silent=True)) as receiver:
        with pytest.raises(TemporaryError, match=r"no answer within 0\.2 s"):
            await post(tmp_path, **hook(receiver, tmp_path, timeout_seconds=0.2))


async def test_a_webhook_that_refuses_the_connection_is_said(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1"):
        await post(tmp_path, **hook(Receiver(port=CLOSED), tmp_path))


async def test_only_certificates_that_are_trusted_are_taken(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path
) -> None:
    async with receiving(Receiver(tls=tls)) as receiver:
        with pytest.raises(TemporaryError, match="its certificate is not trusted"):
            await post(tmp_path, **hook(receiver, tmp_path))
        assert receiver.heard == []
        trusted = hook(receiver, tmp_path, ca_file=str(certificate))
        assert await post(tmp_path, **trusted) == "answered 200"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_private_address_gets_nothing_unless_it_is_allowed(tmp_path: Path, host: str) -> None:
    async with receiving(Receiver()) as receiver:
        url = receiver.url.replace("127.0.0.1", host)
        with pytest.raises(TemporaryError, match="has the private address"):
            await post(tmp_path, **hook(receiver, tmp_path, url=url, private_addresses=False))
        assert receiver.heard == []


async def test_a_secret_that_cannot_be_read_is_said_by_its_file(tmp_path: Path) -> None:
    table = hook(Receiver(), tmp_path, secret_file=str(tmp_path / "gone"))
    with pytest.raises(TemporaryError, match="gone cannot be read"):
        await post(tmp_path, **table)


async def test_many_slow_channels_at_once_hold_up_nobody(tmp_path: Path) -> None:
    async with receiving(Receiver(silent=True)) as slow, receiving(Receiver()) as quick:
        waiting = [asyncio.create_task(post(tmp_path, **hook(slow, tmp_path))) for _ in range(5)]
        assert await post(tmp_path, **hook(quick, tmp_path)) == "answered 200"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
