"""A digest of documents in any order, since a database may return them in another one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from taskmanager.errors import PermanentError

_SMALLEST = 5
"""An empty document: its length in four bytes, and the byte that ends it."""
_MODULUS = 1 << 256


class DocumentsError(PermanentError):
    """Bytes that are not a sequence of BSON documents."""


def split(documents: bytes) -> Iterator[bytes]:
    """The documents of a sequence, each as its bytes; raises DocumentsError. Looks at their lengths only."""
    at = 0
    while at < len(documents):
        size = int.from_bytes(documents[at : at + 4], "little")
        if size < _SMALLEST or at + size > len(documents):
            raise DocumentsError("not a sequence of BSON documents")
        yield documents[at : at + size]
        at += size


@dataclass(slots=True)
class DocumentsDigest:
    """How many documents, how many bytes, and the sum of their SHA-256 modulo 2^256."""

    documents: int = 0
    size: int = 0
    _sum: int = 0

    def add(self, documents: bytes) -> int:
        """Count these documents in and return their number; raises DocumentsError."""
        before = self.documents
        for document in split(documents):
            self._sum = (self._sum + int.from_bytes(hashlib.sha256(document).digest())) % _MODULUS
            self.documents += 1
        self.size += len(documents)
        return self.documents - before

    @property
    def text(self) -> str:
        """The sum as 64 hexadecimal digits."""
        return f"{self._sum:064x}"
