"""How pictures are asked for, kept and shared, with readers that the test directs."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from taskmanager.files.roots import Roots
from taskmanager.model.jobs import Job
from taskmanager_gateway.http.problems import ProblemError
from taskmanager_gateway.pictures import service
from taskmanager_gateway.pictures.cache import Key, PictureCache
from taskmanager_gateway.pictures.places import Side
from taskmanager_gateway.pictures.reader import wire
from taskmanager_gateway.pictures.reader.alto_words import read_words
from taskmanager_gateway.pictures.reader.orders import (
    WORDS_MOST,
    Failure,
    Limits,
    Made,
    Order,
    PictureWords,
    Wanted,
)
from taskmanager_gateway.pictures.readers import (
    ReaderCrashedError,
    Readers,
    ReadersBusyError,
    ReaderSlowError,
)
from taskmanager_gateway.pictures.service import Pictures, Shown
from taskmanager_gateway.pictures.settings import PictureSettings
from taskmanager_testing.waiting import LONG_SECONDS

from .conftest import job, until

LIMITS = Limits(pixels=1_000_000, memory_bytes=100_000_000, seconds=5)
SMALL = Made(format="TIFF", width=2, height=3, parts={"": b"jpeg"})


# --- what is kept -------------------------------------------------------------------------------------------


def test_the_cache_keeps_what_was_used_last_within_its_bytes() -> None:
    cache = PictureCache(3 * SMALL.size)
    keys = [Key(str(number), Wanted.THUMBNAIL, 1) for number in range(4)]
    for key in keys[:3]:
        cache.put(key, SMALL)
    assert cache.get(keys[0]) is SMALL
    cache.put(keys[3], SMALL)
    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]
    assert cache.bytes == 3 * SMALL.size
    cache.put(keys[3], SMALL)
    assert cache.bytes == 3 * SMALL.size


def test_what_is_larger_than_the_cache_drops_nothing_else() -> None:
    cache = PictureCache(2 * SMALL.size)
    kept, large = Key("kept", Wanted.THUMBNAIL, 1), Key("large", Wanted.PYRAMID, 1)
    cache.put(kept, SMALL)
    cache.put(large, Made(parts={"0/0_0": bytes(3 * SMALL.size)}))
    assert (cache.get(kept), cache.get(large)) == (SMALL, None)


# --- the wire -----------------------------------------------------------------------------------------------


def test_orders_travel_with_their_file_and_answers_with_their_parts(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "x").open("w+b") as file:
        file.write(b"content")
        file.flush()
        wire.ask(ours, Order(Wanted.PYRAMID, 3), file.fileno())
        heard = wire.heard(theirs)
        assert heard is not None
        assert heard[0] == Order(Wanted.PYRAMID, 3)
        assert os.pread(heard[1], 10, 0) == b"content"
        os.close(heard[1])

        made = Made(
            format="TIFF",
            width=9,
            height=8,
            damage="cut off",
            words=(PictureWords("ä", 0.1, 0.2, 0.3, 0.4),),
            parts={"0/0_0": b"a", "1/0_0": b"bc"},
        )
        wire.answer(theirs, made)
        assert wire.answered(ours, LONG_SECONDS) == made
        wire.answer(theirs, Made(failure=Failure.DAMAGED, detail="cut off"))
        assert wire.answered(ours, LONG_SECONDS).failure is Failure.DAMAGED


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff" * 8,
        b"\0\0\0\x02\0\0\0\0{}",
        b"\0\0\0\x01\0\0\0\0{",
        b"\0\0\0\x09\0\0\0\0",
    ],
    ids=["too long", "without its members", "no JSON", "cut off"],
)
def test_an_answer_that_is_none_is_refused(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(sent)
        theirs.close()
        with pytest.raises(wire.WireError):
            wire.answered(ours, LONG_SECONDS)


def test_an_answer_that_does_not_come_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\0\0")
        with pytest.raises(TimeoutError):
            wire.answered(ours, 0.01)


def test_a_reader_ends_with_its_gateway_and_refuses_an_order_without_a_file() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"\0\0\0\x02\0\0\0\0{}")
        with pytest.raises(wire.WireError):
            wire.heard(theirs)
        theirs.recv(100)
        ours.close()
        assert wire.heard(theirs) is None


# --- words --------------------------------------------------------------------------------------------------

ALTO = (
    '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout>'
    "<Page {page}>{body}</Page>{after}</Layout></alto>"
)
STRING = '<String HPOS="{0}" VPOS="{1}" WIDTH="{2}" HEIGHT="{3}" CONTENT="{4}"/>'
SIZE = 'WIDTH="200" HEIGHT="400"'


def words(tmp_path: Path, text: str) -> Made:
    path = tmp_path / "page.xml"
    path.write_text(text, encoding="utf-8")
    with path.open("rb") as file:
        return read_words(file.fileno())


def test_words_have_their_places_as_shares_of_the_first_page(tmp_path: Path) -> None:
    body = STRING.format(20, 40, 100, 20, "Bär") + STRING.format(1, 2, 0, 4, "no width")
    second = f"<Page {SIZE}>{STRING.format(1, 2, 3, 4, 'second')}</Page>"
    made = words(tmp_path, ALTO.format(page=SIZE, body=body, after=second))
    assert made.words == (PictureWords("Bär", 0.1, 0.1, 0.5, 0.05),)


def test_a_word_outside_of_its_page_stays_within_it(tmp_path: Path) -> None:
    body = STRING.format(-20, 40, 1e9, "nan", "a") + STRING.format(-20, 40, 1e9, 20, "b")
    made = words(tmp_path, ALTO.format(page=SIZE, body=body, after=""))
    assert made.words == (PictureWords("b", 0.0, 0.1, 1.0, 0.05),)


@pytest.mark.parametrize(
    "text",
    [
        ALTO.format(page="", body=STRING.format(1, 2, 3, 4, "a"), after=""),
        "<PcGts/>",
        "no XML",
        "",
        ALTO.format(page=SIZE, body="<String", after=""),
        '<!DOCTYPE alto [<!ENTITY a "b">]>'
        + ALTO.format(page=SIZE, body=STRING.format(1, 2, 3, 4, "&a;"), after=""),
        '<!DOCTYPE alto [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        + ALTO.format(page=SIZE, body="&a;", after=""),
    ],
    ids=["no size", "other document", "no XML", "empty", "cut off", "entity", "outer entity"],
)
def test_what_is_no_sound_alto_has_no_words(tmp_path: Path, text: str) -> None:
    assert words(tmp_path, text).failure is Failure.NO_ALTO


def test_words_are_read_up_to_a_number(tmp_path: Path) -> None:
    body = STRING.format(1, 2, 3, 4, "a") * (WORDS_MOST + 5)
    assert len(words(tmp_path, ALTO.format(page=SIZE, body=body, after="")).words) == WORDS_MOST


# --- the service --------------------------------------------------------------------------------------------


class Directed(Readers):
    """Readers without a process: the test says what they make."""

    def __init__(self, make: Callable[[Order, BinaryIO], Awaitable[Made]]) -> None:
        super().__init__(1, 0, LIMITS)
        self.asked: list[Order] = []
        self._make = make

    async def made(self, order: Order, file: BinaryIO) -> Made:
        self.asked.append(order)
        return await self._make(order, file)


Start = Callable[[Callable[[Order, BinaryIO], Awaitable[Made]]], tuple[Pictures, Directed]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Makes the service over such readers."""
    begun: list[Pictures] = []

    def make(how: Callable[[Order, BinaryIO], Awaitable[Made]]) -> tuple[Pictures, Directed]:
        readers = Directed(how)
        settings = PictureSettings(processes=1, waiting=0, cache_bytes=100_000, limits=LIMITS)
        begun.append(Pictures(Roots.of([tmp_path]), settings, readers))
        return begun[-1], readers

    yield make
    for one in begun:
        one.close()


@pytest.fixture
def one(tmp_path: Path) -> Job:
    """A job with a file."""
    (tmp_path / "1.tif").write_bytes(b"a")
    return job(1, source=str(tmp_path))


async def small(pictures: Pictures, one: Job) -> Shown:
    return await pictures.show(one, Side.SOURCE, "1.tif", Wanted.THUMBNAIL)


async def test_those_who_ask_at_the_same_time_and_later_share_one_reading(
    start: Start, one: Job, tmp_path: Path
) -> None:
    go_on = asyncio.Event()

    async def make(_: Order, __: BinaryIO) -> Made:
        await go_on.wait()
        return SMALL

    pictures, readers = start(make)
    both = [asyncio.create_task(small(pictures, one)) for _ in range(2)]
    given_up = asyncio.create_task(small(pictures, one))
    await until(lambda: bool(readers.asked))
    given_up.cancel()
    go_on.set()
    assert [shown.made for shown in await asyncio.gather(*both)] == [SMALL, SMALL]
    before = await small(pictures, one)
    assert len(readers.asked) == 1

    (tmp_path / "1.tif").write_bytes(b"another one")
    after = await small(pictures, one)
    assert len(readers.asked) == 2
    assert before.version != after.version


async def test_what_cannot_be_decoded_is_not_tried_again(start: Start, one: Job) -> None:
    async def make(_: Order, __: BinaryIO) -> Made:
        return Made(failure=Failure.DAMAGED, detail="strip 4 is cut off")

    pictures, readers = start(make)
    for _ in range(2):
        with pytest.raises(ProblemError, match="cannot be decoded: strip 4 is cut off"):
            await small(pictures, one)
    assert len(readers.asked) == 1


async def test_a_file_that_is_written_to_meanwhile_is_neither_shown_nor_kept(
    start: Start, one: Job, tmp_path: Path
) -> None:
    async def make(order: Order, _: BinaryIO) -> Made:
        if len(readers.asked) == 1:
            (tmp_path / "1.tif").write_bytes(b"longer than it was")
        return SMALL

    pictures, readers = start(make)
    with pytest.raises(ProblemError, match="being written") as raised:
        await small(pictures, one)
    assert raised.value.problem.kind.status == 409
    assert (await small(pictures, one)).made is SMALL


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ReadersBusyError(""), 503, "Too many pictures"),
        (ReaderSlowError(""), 422, "within 5 s"),
        (ReaderCrashedError("SIGSEGV"), 422, "SIGSEGV"),
    ],
)
async def test_readers_that_fail_are_asked_again_the_next_time(
    start: Start, one: Job, error: Exception, status: int, told: str
) -> None:
    async def make(_: Order, file: BinaryIO) -> Made:
        raise error

    pictures, readers = start(make)
    for _ in range(2):
        with pytest.raises(ProblemError, match=told) as raised:
            await small(pictures, one)
        assert raised.value.problem.kind.status == status
    assert len(readers.asked) == 2
    assert ("Retry-After" in raised.value.problem.response().headers) is (status == 503)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Failure.NO_PICTURE, "no TIFF"),
        (Failure.TOO_LARGE, "1 megapixels"),
        (Failure.MEMORY, "100 MB"),
        (Failure.NO_PAGE, "no such page"),
        (Failure.NO_ALTO, "no ALTO"),
        (Failure.NO_LIBRARY, r"taskmanager-gateway\[pictures\]"),
    ],
)
async def test_every_failure_has_its_sentence(start: Start, one: Job, failure: Failure, told: str) -> None:
    async def make(_: Order, __: BinaryIO) -> Made:
        return Made(failure=failure)

    pictures, _ = start(make)
    with pytest.raises(ProblemError, match=told):
        await small(pictures, one)


async def test_without_the_extra_it_says_what_to_install_and_opens_nothing(
    start: Start, one: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make(_: Order, __: BinaryIO) -> Made:
        return SMALL

    monkeypatch.setattr(service, "LIBRARIES", ("pyvips", "no_such_module"))
    pictures, readers = start(make)
    with pytest.raises(ProblemError, match=r"taskmanager-gateway\[pictures\]") as raised:
        await small(pictures, one)
    assert raised.value.problem.kind.status == 501
    assert not readers.asked


async def test_a_file_that_is_not_there_says_so_and_is_asked_of_nobody(start: Start, one: Job) -> None:
    async def make(_: Order, __: BinaryIO) -> Made:
        return SMALL

    pictures, readers = start(make)
    with pytest.raises(ProblemError, match=r"There is no file 2\.tif") as raised:
        await pictures.show(one, Side.SOURCE, "2.tif", Wanted.THUMBNAIL)
    assert raised.value.problem.kind.status == 404
    assert not readers.asked
