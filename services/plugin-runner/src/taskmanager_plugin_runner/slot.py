"""The program of a slot process: `python -m taskmanager_plugin_runner.slot <socket> <options>`.

Imports next to nothing before the guard process is split off, so that the guard stays tiny.
"""

import os
import sys

from taskmanager_plugin_runner.processes import guard_group


def main() -> None:
    """Split off the guard, then work."""
    descriptor, options = int(sys.argv[1]), sys.argv[2]
    guard = guard_group(descriptor)
    from taskmanager_plugin_runner.protocol import SlotOptions  # noqa: PLC0415 - after the guard, see above
    from taskmanager_plugin_runner.worker import work  # noqa: PLC0415

    decoded = SlotOptions.decode(options)
    if os.getppid() == decoded.parent:  # else the runner ended meanwhile
        work(decoded, descriptor, guard)


if __name__ == "__main__":
    main()
