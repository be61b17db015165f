"""Attacks on the HTTP server itself: headers that never end, connections that say nothing, too many."""

import asyncio
import contextlib
from dataclasses import replace
from ipaddress import ip_network

import pytest

from taskmanager.serving.limits import HttpLimits

from .conftest import Server, StartServer, until_closed

LIMITS = HttpLimits()
SHORT = replace(LIMITS, head_seconds=0.3, body_seconds=0.3, idle_seconds=0.3)
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\n"


async def flood(server: Server, begin: bytes, part: bytes, times: int) -> tuple[bytes, int]:
    """The answer, and how many bytes the server took before it."""
    reader, writer = await server.connect()
    answer = asyncio.create_task(until_closed(reader))
    sent = 0
    with contextlib.suppress(ConnectionError):
        writer.write(begin)
        for _ in range(times):
            writer.write(part)
            await writer.drain()
            sent += len(part)
            if answer.done():
                break
    writer.close()
    return await answer, sent


async def test_a_header_that_never_ends_is_refused_after_64_kib(serve: StartServer) -> None:
    async with serve(LIMITS) as server:
        answer, sent = await flood(server, HEAD + b"X-Long: ", b"a" * 65536, 1000)

        assert answer.startswith(b"HTTP/1.1 431") or (not answer and sent < 64_000_000)
        assert (await server.health()).startswith(b"HTTP/1.1 200")


async def test_a_header_of_more_than_64_kib_is_answered_with_431(serve: StartServer) -> None:
    async with serve(LIMITS) as server:
        answer = await server.ask(HEAD + b"X-Long: " + b"a" * 65537)
        assert answer.startswith(b"HTTP/1.1 431")
        whole = await server.ask(HEAD + b"X-Long: " + b"a" * 65_530 + b"\r\n\r\n")
        assert whole.startswith(b"HTTP/1.1 431")


async def test_a_hundred_headers_pass_and_one_more_is_answered_with_431(serve: StartServer) -> None:
    def request(headers: int) -> bytes:
        more = b"".join(b"X-%d: y\r\n" % number for number in range(headers - 2))
        return b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more + b"\r\n"

    async with serve(LIMITS) as server:
        assert (await server.ask(request(100))).startswith(b"HTTP/1.1 200")
        assert (await server.ask(request(101))).startswith(b"HTTP/1.1 431")
        assert (await server.ask(request(10_000))).startswith(b"HTTP/1.1 431")


async def test_a_long_address_is_answered_with_431(serve: StartServer) -> None:
    async with serve(LIMITS) as server:
        assert (await server.ask(b"GET /" + b"a" * 65537)).startswith(b"HTTP/1.1 431")


async def test_a_trailer_that_never_ends_closes_the_connection(serve: StartServer) -> None:
    begin = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: "
    async with serve(LIMITS) as server:
        _, sent = await flood(server, begin, b"a" * 65536, 1000)

        assert sent < 64_000_000
        assert (await server.health()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"\r\n",
        b"GET /health/live HTTP/1.1\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /",
    ],
    ids=["nothing", "an empty line", "half a request", "half a second request"],
)
async def test_a_half_open_connection_ends_by_itself(serve: StartServer, begin: bytes) -> None:
    async with serve(SHORT) as server, asyncio.timeout(10):
        reader, writer = await server.connect()
        writer.write(begin)
        await until_closed(reader)
        writer.close()


async def test_a_body_that_does_not_come_is_answered_with_408(serve: StartServer) -> None:
    async with serve(SHORT) as server, asyncio.timeout(10):
        answer = await server.ask(HEAD + b"Content-Length: 100\r\n\r\nabc")
        assert answer.startswith(b"HTTP/1.1 408")


async def test_a_body_that_trickles_after_the_answer_ends_the_connection(serve: StartServer) -> None:
    async with serve(SHORT) as server, asyncio.timeout(10):
        reader, writer = await server.connect()
        writer.write(HEAD.replace(b"/echo", b"/deaf") + b"Content-Length: 100000000\r\n\r\n")
        answer = asyncio.create_task(until_closed(reader))
        while not answer.done():
            with contextlib.suppress(ConnectionError):
                writer.write(b"a")
                await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        assert (await answer).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "smuggled",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"Transfer-Encoding: gzip\r\n\r\nabc",
        b"Content-Length: +5\r\n\r\nabcde",
    ],
)
async def test_a_body_with_two_lengths_is_no_request(serve: StartServer, smuggled: bytes) -> None:
    async with serve(SHORT) as server, asyncio.timeout(10):
        answer = await server.ask(HEAD + smuggled)
        assert answer.startswith(b"HTTP/1.1 400")


async def test_the_oldest_idle_connection_gives_way_to_a_new_one(serve: StartServer) -> None:
    async with serve(replace(LIMITS, connections=20, connections_per_client=20)) as server:
        idle = [await server.connect() for _ in range(100)]

        assert (await server.health()).startswith(b"HTTP/1.1 200")
        assert await until_closed(idle[0][0]) == b""
        for _, writer in idle:
            writer.close()


async def test_a_client_with_too_many_busy_connections_gets_no_more(serve: StartServer) -> None:
    async with serve(replace(LIMITS, connections_per_client=5)) as server:
        busy = await occupy(server, 5)
        assert (await server.health()).startswith(b"HTTP/1.1 503")
        await let_go(server, busy)
        assert (await server.health()).startswith(b"HTTP/1.1 200")


async def test_a_trusted_proxy_may_have_more_connections_than_one_client(serve: StartServer) -> None:
    proxy = (ip_network("127.0.0.0/8"),)
    async with serve(replace(LIMITS, connections_per_client=5, shared_by=proxy)) as server:
        busy = await occupy(server, 6)
        assert (await server.health()).startswith(b"HTTP/1.1 200")
        await let_go(server, busy)


async def test_health_is_answered_while_all_connections_are_busy(serve: StartServer) -> None:
    async with serve(replace(LIMITS, connections=5, reserve=3)) as server:
        busy = await occupy(server, 5)
        other = await server.ask(b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert other.startswith(b"HTTP/1.1 503")
        assert (await server.health()).startswith(b"HTTP/1.1 200")
        await let_go(server, busy)


Connections = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


async def occupy(server: Server, number: int) -> Connections:
    """Connections on each of which an answer is waited for, after one was had."""
    made = []
    for _ in range(number):
        reader, writer = await server.connect()
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"live")
        writer.write(b"GET /busy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await writer.drain()
        made.append((reader, writer))
    for _ in range(10):
        await asyncio.sleep(0)  # the server runs in this loop: its turns
    return made


async def let_go(server: Server, busy: Connections) -> None:
    server.release.set()
    for reader, writer in busy:
        assert b"done" in await until_closed(reader)
        writer.close()
