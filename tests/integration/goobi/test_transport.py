"""What the network does to requests, and what is said of it: TLS, redirects, slow answers, secrets."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.unit.goobi.reports import settings

from taskmanager.goobi.installations import Installation
from taskmanager_scheduler.goobi.access import Access
from taskmanager_scheduler.goobi.calls import Answer, GoobiCall
from taskmanager_scheduler.goobi.transport import GoobiTransport, UnreachableError
from taskmanager_testing.goobi import TOKEN, FakeGoobi, RunningGoobi

STEPS = GoobiCall("GET", "/api/process/1/steps")


async def asked(installation: Installation, call: GoobiCall = STEPS) -> Answer:
    transport = GoobiTransport(installation, Access(installation))
    try:
        return await transport.send(call)
    finally:
        await transport.close()


def installation(folder: Path, url: str, dialect: str = "core", **more: Any) -> Installation:
    return settings(folder, url, dialect, TOKEN, **more).installations["main"]


@dataclass
class Peer:
    """Reads a request's head, keeps it and answers with these bytes, one by one if there is a pause."""

    answer: bytes
    pause_seconds: float = 0.0
    heads: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        size = 1 if self.pause_seconds else len(self.answer)
        try:
            for start in range(0, len(self.answer), size):
                writer.write(self.answer[start : start + size])
                await writer.drain()
                await asyncio.sleep(self.pause_seconds)
        except ConnectionError:
            pass  # the client has had enough
        finally:
            writer.close()


@pytest.fixture
async def peers() -> AsyncIterator[Callable[[Peer], Awaitable[Peer]]]:
    servers: list[asyncio.Server] = []

    async def listen(peer: Peer) -> Peer:
        server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
        servers.append(server)
        peer.port = server.sockets[0].getsockname()[1]
        return peer

    yield listen
    for server in servers:
        server.close()


async def test_a_redirect_is_answered_and_not_followed(peers: Any, tmp_path: Path) -> None:
    elsewhere = await peers(Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n"
    peer = await peers(Peer(head.encode()))
    answer = await asked(installation(tmp_path, peer.url))
    assert (answer.status, answer.location) == (302, f"{elsewhere.url}/")
    assert elsewhere.heads == []


async def test_the_token_goes_to_the_installation_only(peers: Any, tmp_path: Path) -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    own, elsewhere = await peers(Peer(ok)), await peers(Peer(ok))
    known = installation(tmp_path, own.url)
    await asked(known, GoobiCall("POST", f"{elsewhere.url}/goobi/api/plugins/ocr/1/done"))
    await asked(known, GoobiCall("POST", f"{own.url}/goobi/api/plugins/ocr/1/done"))
    assert TOKEN not in elsewhere.heads[0]
    assert f"token: {TOKEN}" in own.heads[0]


async def test_an_answer_that_repeats_the_token_is_kept_without_it(peers: Any, tmp_path: Path) -> None:
    body = f"unknown token {TOKEN}"
    peer = await peers(Peer(f"HTTP/1.1 401 No\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()))
    answer = await asked(installation(tmp_path, peer.url))
    assert answer.text == "unknown token <secret>"


async def test_an_answer_that_never_ends_is_given_up_in_time(peers: Any, tmp_path: Path) -> None:
    slow = await peers(Peer(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000, pause_seconds=0.05))
    known = installation(tmp_path, slow.url, timeout_seconds=0.3, connect_timeout_seconds=0.3)
    with pytest.raises(UnreachableError, match=r"no answer within 0\.6 s"):
        await asked(known)


async def test_a_connection_that_breaks_off_is_said(peers: Any, tmp_path: Path) -> None:
    peer = await peers(Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 broke off"):
        await asked(installation(tmp_path, peer.url))


async def test_the_web_api_is_asked_by_ipv4_although_the_name_has_both(tmp_path: Path) -> None:
    server = RunningGoobi(FakeGoobi.with_books(1))
    server.start()
    try:
        url = server.url.replace("127.0.0.1", "localhost")
        known = installation(tmp_path, url, "webapi")
        form = {"command": "help", "token": TOKEN}
        answer = await asked(known, GoobiCall("POST", "/wi", form=form))
    finally:
        server.stop()
    assert answer.status == 200


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test and is not installed")
    made, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=goobi", "-addext", "subjectAltName=IP:127.0.0.1"]
    form = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", *form, "-keyout", str(key), "-out", str(made), *subject]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return made


async def test_a_certificate_nobody_trusts_is_refused_and_said_unless_its_ca_is_named(
    tmp_path: Path, certificate: Path
) -> None:
    server = RunningGoobi(FakeGoobi.with_books(1), certificate=certificate, key=tmp_path / "key.pem")
    server.start()
    try:
        with pytest.raises(UnreachableError, match=r"TLS: the certificate of 127\.0\.0\.1 is not trusted"):
            await asked(installation(tmp_path, server.url))
        for more in ({"ca_file": str(certificate)}, {"verify_tls": False}):
            assert (await asked(installation(tmp_path, server.url, **more))).status == 200
    finally:
        server.stop()
