"""`taskmanager-users`: restores access for someone with the database's credentials but no password.

Everything else about users is done in the web interface or over HTTP.
"""

import argparse
import asyncio
import socket
import sys
import uuid
from collections.abc import Sequence

from taskmanager.accounts.passwords import hash_password, one_time_password
from taskmanager.errors import TaskManagerError
from taskmanager.model.access import User
from taskmanager.mongo import MongoReader, MongoStore
from taskmanager.process import logs
from taskmanager.process.config import exit_text
from taskmanager_scheduler.cli.first_admin import Rescue, block, changed_user
from taskmanager_scheduler.settings import SchedulerSettings

PROGRAM = "taskmanager-users"
FIRST_START = "first start"
EPILOG = "Takes effect on all gateways within seconds. Exit code 0: done, 1: not done, 2: usage error."


async def give_first_password(store: MongoStore) -> str | None:
    """The text to show if the first admin was created, None if there were users; raises TaskManagerError."""
    password = one_time_password()
    rescue = await _rescue(store, "taskmanager-migrate", FIRST_START, password)
    user = changed_user(await store.apply(rescue.needs, rescue.first_admin()))
    return block(user.name, password) if user is not None else None


async def reset(store: MongoStore, name: str) -> str:
    """Set a new one-time password; returns the text to show. Raises TaskManagerError for an unknown user."""
    password = one_time_password()
    rescue = await _rescue(
        store, PROGRAM, f"with the database's credentials, on {socket.gethostname()}", password
    )
    user = changed_user(await store.apply(rescue.needs, rescue.reset(name)))
    if user is None:
        raise TaskManagerError(f"there is no user {name}: `{PROGRAM} list` shows all of them")
    disabled = "" if user.disabled is None else f"{user.name} stays disabled: an admin can enable them\n"
    return block(user.name, password) + disabled


async def show(reader: MongoReader) -> str:
    """All users, one per line."""
    return "".join(_line(user) for user in await reader.users()) or "there is no user yet\n"


async def _rescue(store: MongoStore, actor: str, reason: str, password: str) -> Rescue:
    password_hash = await asyncio.to_thread(hash_password, password)
    return Rescue(f"{actor}-{uuid.uuid4()}", actor, reason, await store.time(), password_hash)


def _line(user: User) -> str:
    reach = "all plugins" if user.plugins is None else " ".join(user.plugins) or "no plugin"
    state = "enabled" if user.disabled is None else "disabled"
    return f"{user.name}\t{user.role}\t{reach}\tpassword: {user.password}\t{state}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0 when done, 1 with one line on stderr otherwise, or 2 for a usage error."""
    options = _parser().parse_args(arguments)
    settings = SchedulerSettings()
    logs.configure("users", log_format=settings.log_format, level=settings.log_level)
    url = settings.mongodb_url.get_secret_value()
    try:
        sys.stdout.write(asyncio.run(_reset(url, options.name) if options.command == "reset" else _list(url)))
    except TaskManagerError as error:
        sys.exit(f"{PROGRAM}: {exit_text(error)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, epilog=EPILOG)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("list", help="list all users, with their role and state")
    one = commands.add_parser(
        "reset", help="set a new one-time password; creates or enables the user `admin` if named"
    )
    one.add_argument("name")
    return parser


async def _reset(url: str, name: str) -> str:
    store = MongoStore(url)
    try:
        return await reset(store, name)
    finally:
        await store.close()


async def _list(url: str) -> str:
    reader = MongoReader(url)
    try:
        return await show(reader)
    finally:
        await reader.close()


if __name__ == "__main__":
    main()
