"""Keeps a runner's secrets from the programs it starts, which run as the same user. Linux only.

The environment a process was started with stays in its memory and is shown in `/proc/PID/environ` for as long
as it lives (proc(5)), whatever it removes from its own copy.
"""

import ctypes
from collections.abc import Collection, Mapping

from taskmanager_plugin_runner.system.processes import set_option

SECRETS = ("AMQP_URL", "MONGODB_URL", "RABBITMQ_PASSWORD", "TASKMANAGER_JOURNAL_KEY")
"""Variables a plugin must not find in its environment, with the value or with a file name (`_FILE`)."""

_PR_SET_DUMPABLE = 4


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a plugin may see."""
    hidden = {name + suffix for name in SECRETS for suffix in ("", "_FILE")}
    return {name: value for name, value in environment.items() if name not in hidden}


def forget_secrets(names: Collection[str] = SECRETS) -> None:
    """Overwrite these values where the kernel shows them; `os.environ`, which is a copy, keeps them."""
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
    """Keep other processes of the same user from reading this one's memory, environment and open files.

    PR_SET_DUMPABLE of prctl(2). It also applies to forked processes, but not to executed programs. Root can
    read them all the same. Raises OSError.
    """
    set_option(_PR_SET_DUMPABLE, 0)
