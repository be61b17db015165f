"""The file of a backup: what stands where. Knows no database.

A gzip stream of BSON documents. The first one is the header. Then come blocks: a document
`{collection, documents, bytes}`, followed by so many documents in so many bytes, as the server gave them.
After the last block of a collection stands `{collection, total: {documents, bytes, digest}}`, and at the end
`{end: {collections, documents}}`, without which the file is not complete. Any program that reads BSON can
read it.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError

from taskmanager.errors import PermanentError
from taskmanager.mongo.backup.documents_digest import DocumentsDigest, DocumentsError

FORMAT = "taskmanager-backup"
VERSION = 1
COMPRESSION = 1
"""Of gzip. Level 6 makes files a quarter smaller in two and a half times the time."""
LARGEST_DOCUMENT = 16 * 2**20 + 2**14
"""The most a document may announce for itself: MongoDB's limit, and what its own messages may add."""
LARGEST_BLOCK = 48 * 2**20
"""The largest message of MongoDB: no server gives more at once."""

_OPTIONS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class ArchiveError(PermanentError):
    """The file is not a backup, not complete, or not what was written."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup is of. `taken`: everything that was committed until then is in it."""

    database: str
    taken: datetime
    release: str
    """The version of the TaskManager that wrote it."""
    keys: bool
    """Whether it holds the keys that sessions are signed and second factors encrypted with."""


@dataclass(frozen=True, slots=True)
class Total:
    """Everything of one collection."""

    documents: int
    size: int
    """In bytes."""
    digest: str

    @classmethod
    def of(cls, digest: DocumentsDigest) -> "Total":
        """The total of all documents that were counted in."""
        return cls(digest.documents, digest.size, digest.text)


@dataclass(frozen=True, slots=True)
class Block:
    """Some documents of a collection."""

    collection: str
    documents: bytes


class ArchiveWriter:
    """Writes a backup from its first byte to its last; keeps no more than a block."""

    def __init__(self, file: BinaryIO, header: Header) -> None:
        """Begins with the header; the file stays open at the end."""
        self._out = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION, mtime=0)
        self._digests: dict[str, DocumentsDigest] = {}
        self._write(
            {
                "format": FORMAT,
                "version": VERSION,
                "database": header.database,
                "taken": header.taken,
                "release": header.release,
                "keys": header.keys,
            }
        )

    def block(self, block: Block) -> None:
        """Add documents of a collection."""
        digest = self._digests.setdefault(block.collection, DocumentsDigest())
        count = digest.add(block.documents)
        self._write({"collection": block.collection, "documents": count, "bytes": len(block.documents)})
        self._out.write(block.documents)

    def total(self, collection: str) -> Total:
        """End a collection, which may have had no block."""
        total = Total.of(self._digests.setdefault(collection, DocumentsDigest()))
        self._write({"collection": collection, "total": _fields(total)})
        return total

    def end(self) -> None:
        """Write the last document."""
        documents = sum(digest.documents for digest in self._digests.values())
        self._write({"end": {"collections": len(self._digests), "documents": documents}})
        self._out.close()

    def _write(self, document: Mapping[str, Any]) -> None:
        self._out.write(bson.encode(document))


@dataclass(slots=True)
class ArchiveReader:
    """Reads a backup and compares it with what it says of itself; keeps no more than a block."""

    file: BinaryIO
    totals: dict[str, Total] = field(default_factory=dict)
    """The collections that were read to their end."""
    _in: gzip.GzipFile = field(init=False)
    _digests: dict[str, DocumentsDigest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._in = gzip.GzipFile(fileobj=self.file, mode="rb")

    def header(self) -> Header:
        """To be read first; raises ArchiveError."""
        found = self._document()
        if found.get("format") != FORMAT:
            raise ArchiveError("this is not a backup of the TaskManager")
        if found.get("version") != VERSION:
            raise ArchiveError(
                f"the backup is of format {found.get('version')}, this release reads format {VERSION}"
            )
        try:
            return Header(*(found[name] for name in Header.__slots__))
        except KeyError as missing:
            raise ArchiveError(f"the header of the backup has no {missing}") from missing

    def blocks(self) -> Iterator[Block]:
        """All blocks, in order; raises ArchiveError, at the latest after the last one."""
        while "end" not in (found := self._document()):
            collection = self._text(found)
            digest = self._digests.setdefault(collection, DocumentsDigest())
            if (total := found.get("total")) is not None:
                self._compare(collection, Total.of(digest), total)
                continue
            documents = self._exactly(self._number(found, "bytes", LARGEST_BLOCK))
            try:
                count = digest.add(documents)
            except DocumentsError as error:
                raise ArchiveError(f"a block of {collection} is damaged") from error
            if count != found.get("documents"):
                raise ArchiveError(
                    f"a block of {collection} has {count} documents, not {found.get('documents')}"
                )
            yield Block(collection, documents)
        self._compare_end(found["end"])

    def _compare(self, collection: str, read: Total, written: Mapping[str, Any]) -> None:
        if _fields(read) != written:
            raise ArchiveError(
                f"the backup has {_fields(read)} of {collection}, and was written with {written}"
            )
        self.totals[collection] = read

    def _compare_end(self, written: Mapping[str, Any]) -> None:
        read = {
            "collections": len(self.totals),
            "documents": sum(one.documents for one in self.totals.values()),
        }
        if read != written or self.totals.keys() != self._digests.keys():
            raise ArchiveError(f"the backup has {read}, and was written with {written}")
        if self._some(1):
            raise ArchiveError("something follows the end of the backup")

    def _document(self) -> dict[str, Any]:
        length = self._exactly(4)
        size = int.from_bytes(length, "little")
        if not 5 <= size <= LARGEST_DOCUMENT:  # noqa: PLR2004 - the smallest document
            raise ArchiveError("this is not a backup of the TaskManager, or it is damaged")
        try:
            return bson.decode(length + self._exactly(size - 4), _OPTIONS)
        except BSONError as error:
            raise ArchiveError(f"the backup is damaged: {error}") from error

    def _text(self, found: Mapping[str, Any]) -> str:
        collection = found.get("collection")
        if not isinstance(collection, str) or collection in self.totals:
            raise ArchiveError("the backup is damaged: a block of no collection, or of one that has ended")
        return collection

    def _number(self, found: Mapping[str, Any], name: str, most: int) -> int:
        value = found.get(name)
        if not isinstance(value, int) or not 0 <= value <= most:
            raise ArchiveError(f"the backup is damaged: a block of {value} bytes")
        return value

    def _exactly(self, size: int) -> bytes:
        read = self._some(size)
        if len(read) < size:
            raise ArchiveError("the backup ends too early: it was not written to its end, or has been cut")
        return read

    def _some(self, size: int) -> bytes:
        try:
            return self._in.read(size)
        except EOFError as error:
            message = "the backup ends too early: it was not written to its end, or has been cut"
            raise ArchiveError(message) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise ArchiveError(f"the backup is damaged, or is none: {error}") from error


def _fields(total: Total) -> dict[str, Any]:
    return {"documents": total.documents, "bytes": total.size, "digest": total.digest}
