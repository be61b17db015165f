"""The fault proxy over real sockets: what each mode does to bytes and connections."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from taskmanager_testing.proxy import LOOPBACK, Direction, Fault, FaultProxy, running_proxy
from taskmanager_testing.waiting import LONG_SECONDS, eventually_async

MOMENT_SECONDS = 0.1
"""So long nothing comes where nothing may come; the other side answers in well under a millisecond."""

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that sends back what it gets, and keeps it."""

    def __init__(self) -> None:
        self.received = b""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1024):
                self.received += data
                writer.write(data)
        except ConnectionError:
            pass
        self.ended.set()
        writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[tuple[FaultProxy, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, LOOPBACK, 0)
    proxy = FaultProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    try:
        yield proxy, echo
    finally:
        await proxy.stop()
        server.close()


async def connected(proxy: FaultProxy) -> Client:
    return await asyncio.open_connection(LOOPBACK, proxy.port)


async def said(client: Client, text: bytes) -> bytes:
    client[1].write(text)
    async with asyncio.timeout(LONG_SECONDS):
        return await client[0].readexactly(len(text))


async def silent(client: Client) -> bool:
    try:
        async with asyncio.timeout(MOMENT_SECONDS):
            await client[0].read(1)
    except TimeoutError:
        return True
    return False


async def test_it_passes_bytes_and_the_end() -> None:
    async with proxied() as (proxy, echo):
        client = await connected(proxy)
        assert await said(client, b"hello") == b"hello"
        client[1].write_eof()
        assert await client[0].read() == b""
        await echo.ended.wait()
        await eventually_async(lambda: asyncio.sleep(0, proxy.connections == 0))
        client[1].close()


async def test_drop_ends_connections_refuses_new_ones_and_heals_on_the_same_port() -> None:
    async with proxied() as (proxy, _):
        client = await connected(proxy)
        await said(client, b"hello")
        port = proxy.port

        await proxy.set(Fault.DROP)

        assert await client[0].read() == b""
        with pytest.raises(ConnectionRefusedError):
            await connected(proxy)
        await proxy.set(Fault.PASS)
        assert proxy.port == port
        again = await connected(proxy)
        assert await said(again, b"again") == b"again"
        again[1].close()
        client[1].close()


async def test_reset_ends_old_and_new_connections_with_a_reset() -> None:
    async with proxied() as (proxy, _):
        client = await connected(proxy)
        await said(client, b"hello")

        await proxy.set(Fault.RESET)

        with pytest.raises(ConnectionResetError):
            await client[0].read()
        fresh = await connected(proxy)
        with pytest.raises(ConnectionResetError):
            await fresh[0].read()


async def test_a_stall_holds_bytes_back_and_loses_none() -> None:
    async with proxied() as (proxy, echo):
        client = await connected(proxy)
        await said(client, b"one")

        await proxy.set(Fault.STALL)
        client[1].write(b"two")
        fresh = await connected(proxy)
        fresh[1].write(b"new")

        assert await silent(client)
        assert await silent(fresh)
        assert echo.received == b"one"
        await proxy.set(Fault.PASS)
        assert await client[0].readexactly(3) == b"two"
        assert await fresh[0].readexactly(3) == b"new"
        fresh[1].close()
        client[1].close()


@pytest.mark.parametrize(("direction", "arrives"), [(Direction.UP, False), (Direction.DOWN, True)])
async def test_a_stall_of_one_direction_leaves_the_other(direction: Direction, *, arrives: bool) -> None:
    async with proxied() as (proxy, echo):
        client = await connected(proxy)
        await said(client, b"one")

        await proxy.set(Fault.STALL, direction)
        client[1].write(b"two")

        assert await silent(client)
        assert (echo.received == b"onetwo") is arrives
        client[1].close()


async def test_delay_makes_everything_late_and_keeps_the_order() -> None:
    async with proxied() as (proxy, _):
        client = await connected(proxy)
        await proxy.set(Fault.DELAY, delay=timedelta(milliseconds=50))
        began = time.monotonic()

        assert await said(client, b"one") == b"one"
        assert await said(client, b"two") == b"two"

        assert time.monotonic() - began >= 4 * 0.05
        client[1].close()


@pytest.mark.parametrize(("direction", "arrives"), [(Direction.UP, False), (Direction.DOWN, True)])
async def test_half_open_loses_one_direction_for_good(direction: Direction, *, arrives: bool) -> None:
    async with proxied() as (proxy, echo):
        client = await connected(proxy)
        await said(client, b"one")

        await proxy.set(Fault.HALF_OPEN, direction)
        client[1].write(b"two")
        assert await silent(client)
        assert (echo.received == b"onetwo") is arrives

        await proxy.set(Fault.PASS)
        client[1].write(b"three")
        assert await silent(client), "it never recovers"
        fresh = await connected(proxy)
        assert await said(fresh, b"new") == b"new"
        fresh[1].close()
        client[1].close()


async def test_a_server_that_is_gone_is_a_closed_connection() -> None:
    async with proxied() as (proxy, _):
        gone = FaultProxy(1)
        await gone.start()
        try:
            client = await connected(gone)
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await client[0].readexactly(1)
            client[1].close()
        finally:
            await gone.stop()
        assert proxy.connections == 0


async def test_it_runs_beside_a_test_that_is_not_asynchronous() -> None:
    async with proxied() as (inner, _):

        def use() -> bytes:
            with running_proxy(inner.port) as proxy:
                assert proxy.url("amqp://u:p@h:1/%2F?x=1") == f"amqp://u:p@127.0.0.1:{proxy.port}/%2F?x=1"
                proxy.set(Fault.DROP)
                proxy.heal()
                return asyncio.run(talk(proxy.port))

        assert await asyncio.to_thread(use) == b"hello"


async def talk(port: int) -> bytes:
    client = await asyncio.open_connection(LOOPBACK, port)
    answer = await said(client, b"hello")
    client[1].close()
    return answer
