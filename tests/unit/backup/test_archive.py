"""What is read of a backup is what was written, and anything else is found."""

import gzip
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskmanager.mongo.backup.archive import (
    ArchiveError,
    ArchiveReader,
    ArchiveWriter,
    Block,
    Header,
    Total,
)
from taskmanager.mongo.backup.documents_digest import DocumentsDigest, DocumentsError, split
from taskmanager_scheduler.cli.backup import Maintenance
from taskmanager_scheduler.settings import SchedulerSettings

NOWHERE = "mongodb://127.0.0.1:1/nowhere"
HEADER = Header("taskmanager", datetime(2026, 11, 28, 12, 0, 0, 123000, tzinfo=UTC), "1.2.3", keys=False)
JOBS = [bson.encode({"_id": str(number), "title": "ä" * number}) for number in range(5)]


def written(header: Header = HEADER) -> bytes:
    file = BytesIO()
    archive = ArchiveWriter(file, header)
    archive.block(Block("jobs", b"".join(JOBS[:2])))
    archive.block(Block("jobs", b"".join(JOBS[2:])))
    archive.total("jobs")
    archive.total("audit")
    archive.end()
    return file.getvalue()


def read(content: bytes) -> tuple[Header, list[Block], dict[str, Total]]:
    archive = ArchiveReader(BytesIO(content))
    header = archive.header()
    return header, list(archive.blocks()), archive.totals


def packed(*documents: dict[str, object], tail: bytes = b"") -> bytes:
    return gzip.compress(b"".join(map(bson.encode, documents)) + tail)


def unpacked() -> list[dict[str, object]]:
    return list(bson.decode_all(gzip.decompress(written())))


def test_everything_comes_back_in_order() -> None:
    header, blocks, totals = read(written())

    assert header == HEADER
    assert [block.collection for block in blocks] == ["jobs", "jobs"]
    assert b"".join(block.documents for block in blocks) == b"".join(JOBS)
    assert {name: one.documents for name, one in totals.items()} == {"jobs": 5, "audit": 0}
    assert totals["jobs"].size == len(b"".join(JOBS))


def test_the_file_is_bson_that_other_programs_read() -> None:
    names = [document.get("collection", document.get("_id")) for document in unpacked()]

    assert names == [None, "jobs", "0", "1", "jobs", "2", "3", "4", "jobs", "audit", None]


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_is_never_taken_for_a_whole_one(share: float) -> None:
    content = written()

    with pytest.raises(ArchiveError):
        read(content[: int(share * len(content))])


@given(data=st.data())
def test_a_changed_byte_is_found(data: st.DataObject) -> None:
    plain = bytearray(gzip.decompress(written()))
    place = data.draw(st.integers(0, len(plain) - 1))
    plain[place] ^= data.draw(st.integers(1, 255))

    try:
        header, blocks, totals = read(gzip.compress(bytes(plain)))
    except ArchiveError:
        return
    _, same_blocks, same_totals = read(written())
    assert blocks == same_blocks
    assert filled(totals) == filled(same_totals)
    assert header != HEADER or totals != same_totals, (
        "only the header and the names of empty collections are without a checksum beside that of gzip"
    )


def filled(totals: Mapping[str, Total]) -> Mapping[str, Total]:
    """Those of collections that have documents."""
    return {name: one for name, one in totals.items() if one.documents}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "ends too early"),
        (b"no gzip at all", "is none"),
        (gzip.compress(b"text that is long enough to be taken for something"), "not a backup"),
        (packed({"format": "another"}), "not a backup"),
        (packed({"format": "taskmanager-backup", "version": 2}), "format 2"),
        (packed({"format": "taskmanager-backup", "version": 1}), "has no 'database'"),
    ],
    ids=["empty", "no gzip", "other text", "other format", "other version", "no database"],
)
def test_what_is_no_backup_is_said_to_be_none(content: bytes, says: str) -> None:
    with pytest.raises(ArchiveError, match=says):
        read(content)


def test_a_missing_or_repeated_document_is_found_by_the_total() -> None:
    header, _, *others = unpacked()
    half = {"collection": "jobs", "documents": 1, "bytes": len(JOBS[0])}
    for jobs in (others[1:2], others[:1] * 2):
        blocks = [one for job in jobs for one in (half | {"bytes": len(bson.encode(job))}, job)]
        with pytest.raises(ArchiveError, match="was written with"):
            read(packed(header, *blocks, *others[2:]))


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(ArchiveError, match="follows the end"):
        read(packed(*unpacked(), tail=b"more"))


def test_a_block_cannot_announce_more_than_a_server_sends() -> None:
    header = unpacked()[0]

    with pytest.raises(ArchiveError, match="a block of 1000000000 bytes"):
        read(packed(header, {"collection": "jobs", "documents": 1, "bytes": 1_000_000_000}))


@given(st.permutations(JOBS))
def test_the_digest_is_the_same_in_any_order(jobs: list[bytes]) -> None:
    one, other = DocumentsDigest(), DocumentsDigest()
    one.add(b"".join(JOBS))
    for job in jobs:
        other.add(job)

    assert one == other
    assert one.text == other.text


def test_the_digest_tells_documents_apart_that_swapped_their_content() -> None:
    one, other = DocumentsDigest(), DocumentsDigest()
    one.add(bson.encode({"_id": 1, "x": "a"}) + bson.encode({"_id": 2, "x": "b"}))
    other.add(bson.encode({"_id": 1, "x": "b"}) + bson.encode({"_id": 2, "x": "a"}))

    assert (one.documents, one.size) == (other.documents, other.size)
    assert one.text != other.text


@pytest.mark.parametrize("documents", [b"\x01", JOBS[1][:-1], JOBS[0] + b"\0\0\0\0\0", b"\xff\xff\xff\xff\0"])
def test_what_is_no_sequence_of_documents_is_refused(documents: bytes) -> None:
    with pytest.raises(DocumentsError):
        list(split(documents))


async def test_a_damaged_file_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    """There is no server: whoever asked one would fail with another error."""
    file = tmp_path / "backup"
    file.write_bytes(written()[:-10])
    settings = SchedulerSettings.model_validate({"MONGODB_URL": NOWHERE, "AMQP_URL": "amqp://127.0.0.1:1/"})
    said: list[str] = []

    with pytest.raises(ArchiveError, match="ends too early"):
        await Maintenance(settings, said.append).restore(str(file), replace="nowhere")
    assert not said


async def test_a_backup_can_be_checked_without_any_server(tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(written())
    said: list[str] = []

    await Maintenance(SchedulerSettings(), said.append).check(str(file))

    assert "\n".join(said).splitlines() == [
        "backup of taskmanager, 2026-11-28 12:00:00 UTC, by release 1.2.3, without keys",
        f"  jobs: 5 documents, {len(b''.join(JOBS))} bytes",
    ]
