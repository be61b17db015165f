"""The users that job code runs as, other than the runner's own, and the rights needed for that.

Linux only. Needs CAP_SETUID, CAP_SETGID, CAP_KILL and CAP_CHOWN (capabilities(7)): as root, or as ambient
capabilities of a service.
"""

import ctypes
import os
import pwd
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from taskmanager.errors import PermanentError
from taskmanager.process.logs import get_logger
from taskmanager_plugin_runner.system.processes import set_option

NEEDED = {"CHOWN": 0, "KILL": 5, "SETGID": 6, "SETUID": 7}
"""Capability numbers; without any one of them a slot might start, but could not be served or ended."""
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITY_VERSION_3 = 0x20080522
_STATUS = Path("/proc/self/status")

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlotUser:
    """The numeric ids of a user and its group."""

    uid: int
    gid: int


def parse_users(text: str) -> tuple[SlotUser, ...]:
    """`name`, `61000` or `61000-61003`, several separated by commas; raises PermanentError.

    A number that is not in the user database has the group with the same number.
    """
    return tuple(user for part in text.split(",") if part.strip() for user in _users(part.strip()))


def _users(part: str) -> list[SlotUser]:
    if (numbers := re.fullmatch(r"(\d+)(?:-(\d+))?", part)) is None:
        try:
            entry = pwd.getpwnam(part)
        except KeyError as error:
            raise PermanentError(f"TASKMANAGER_SLOT_USERS: there is no user {part!r}") from error
        return [_checked(SlotUser(entry.pw_uid, entry.pw_gid))]
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not first <= last < first + 1000:
        raise PermanentError(f"TASKMANAGER_SLOT_USERS: {part!r} is no range of at most 1,000 users")
    return [_checked(_numbered(uid)) for uid in range(first, last + 1)]


def _numbered(uid: int) -> SlotUser:
    try:
        return SlotUser(uid, pwd.getpwuid(uid).pw_gid)
    except KeyError:
        return SlotUser(uid, uid)


def _checked(user: SlotUser) -> SlotUser:
    if user.uid in {0, os.geteuid()} or user.gid == 0:
        raise PermanentError(
            "TASKMANAGER_SLOT_USERS: neither root, nor its group, nor the runner's own user may be a slot's"
        )
    return user


def missing_rights(status: str) -> list[str]:
    """The needed capabilities that a process lacks, according to its `/proc/PID/status`."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    effective = int(found[1], 16) if found else 0
    return [f"CAP_{name}" for name, number in NEEDED.items() if not effective >> number & 1]


def require_rights(users: Sequence[SlotUser]) -> None:
    """Raise PermanentError if slots are to run as other users but this process lacks the rights for it."""
    missing = missing_rights(_STATUS.read_text(encoding="utf-8", errors="replace")) if users else []
    if missing:
        raise PermanentError(
            f"TASKMANAGER_SLOT_USERS needs a runner with CAP_CHOWN, CAP_KILL, CAP_SETGID and CAP_SETUID; "
            f"it lacks {' and '.join(missing)}: give them to it, or leave the setting away"
        )


def tell_users(users: Sequence[SlotUser]) -> None:
    """Log once which users plugins run as."""
    if users:
        log.info("slots_run_as", users=[user.uid for user in users])
    elif os.geteuid() == 0:
        log.warning("slots_run_as_root", mend="set TASKMANAGER_SLOT_USERS, or run the runner as another user")


def give_up_rights() -> None:
    """Permanently drop all capabilities of this process and of what it will start; raises OSError.

    A change from root to another user drops them by itself, a change between two other users does not.
    """
    set_option(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    set_option(_PR_SET_NO_NEW_PRIVS, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
