"""The program of a slot process: `python -m taskmanager_plugin_runner.slot <socket> <permits> <reports>`.

Imports next to nothing before the guard process is forked, so that the guard stays tiny.
"""

import sys

from taskmanager_plugin_runner.system.processes import guard_group


def main() -> None:
    """Fork the guard, then work."""
    descriptor, permits, reports = map(int, sys.argv[1:])
    guard = guard_group(descriptor)
    from taskmanager_plugin_runner.slot.beginning import work  # noqa: PLC0415 - after the guard, see above

    work(descriptor, (permits, reports), guard)


if __name__ == "__main__":
    main()
