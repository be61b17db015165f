"""What was made of pictures, kept in memory up to a number of bytes; what was not used longest goes first."""

from collections import OrderedDict
from dataclasses import dataclass

from taskmanager_gateway.pictures.reader.orders import Made, Wanted


@dataclass(frozen=True, slots=True)
class Key:
    """What was made of which state of which file."""

    version: str
    wanted: Wanted
    page: int


class PictureCache:
    """Knows sizes, and nothing of who may see what."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes` of all that is kept together."""
        self._most, self._bytes = most_bytes, 0
        self._kept: OrderedDict[Key, Made] = OrderedDict()

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return self._bytes

    def get(self, key: Key) -> Made | None:
        """What was kept under the key."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, made: Made) -> None:
        """Keep it, unless it alone is more than everything together may be."""
        if key in self._kept:
            self._bytes -= self._kept.pop(key).size
        if made.size > self._most:
            return
        self._kept[key] = made
        self._bytes += made.size
        while self._bytes > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.size
