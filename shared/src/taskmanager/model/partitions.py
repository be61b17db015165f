"""How the scheduler's work is divided among several inboxes: by plugin.

What a decision looks at (a plugin's stop and limit, the order of its queue, its runners) belongs to one
plugin, so it always comes through the same inbox.
"""

import zlib
from dataclasses import dataclass

HOME = 0
"""The partition that also has what belongs to no plugin, or to all, such as users."""
MOST_PARTITIONS = 64


def partition_of(plugin: str, partitions: int) -> int:
    """The number of a plugin's partition, from 0; the same in every process and release."""
    return zlib.crc32(plugin.encode()) % partitions


@dataclass(frozen=True, slots=True)
class Partition:
    """One of `of` partitions; the only one, if nothing is said."""

    number: int = HOME
    of: int = 1

    @property
    def is_home(self) -> bool:
        """Whether it has what belongs to no plugin."""
        return self.number == HOME

    @property
    def has_all(self) -> bool:
        """Whether every plugin belongs to it."""
        return self.of == 1

    def holds(self, plugin: str | None) -> bool:
        """Whether the plugin belongs to it; None stands for what concerns all plugins."""
        if plugin is None:
            return self.is_home
        return partition_of(plugin, self.of) == self.number


WHOLE = Partition()
"""Everything, where the inbox is not divided."""
