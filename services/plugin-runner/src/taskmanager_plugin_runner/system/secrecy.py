"""Keeps the secrets of a runner from the programs it starts, which run as the same user. Linux only.

What a process was started with stays in its memory and shows in `/proc/PID/environ` for as long as it lives
(proc(5)), whatever it removes from its own view of it.
"""

import ctypes
from collections.abc import Collection, Mapping

from taskmanager_plugin_runner.system.processes import set_option

SECRETS = ("AMQP_URL", "MONGODB_URL", "RABBITMQ_PASSWORD", "TASKMANAGER_JOURNAL_KEY")
"""What a plugin must not find in an environment, as value or as the name of a file."""

_PR_SET_DUMPABLE = 4


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What a plugin may see of an environment."""
    hidden = {name + suffix for name in SECRETS for suffix in ("", "_FILE")}
    return {name: value for name, value in environment.items() if name not in hidden}


def forget_secrets(names: Collection[str] = SECRETS) -> None:
    """Overwrite these values where the kernel shows them; `os.environ`, which is a copy, still has them."""
    wanted = tuple(f"{name}=".encode() for name in names)
    entries = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    number = 0
    while address := entries[number]:
        text = ctypes.string_at(address)
        if text.startswith(wanted):
            start = text.index(b"=") + 1
            ctypes.memset(address + start, 0, len(text) - start)
        number += 1


def close_to_others() -> None:
    """Let no other process of the same user read this one's memory, environment and open files.

    PR_SET_DUMPABLE of prctl(2). What this process forks is closed as well, what it executes is not. Root may
    look all the same. Raises OSError.
    """
    set_option(_PR_SET_DUMPABLE, 0)
