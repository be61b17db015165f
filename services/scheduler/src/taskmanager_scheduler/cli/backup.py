"""`taskmanager-backup`: saves the database to one file and restores it, so that nothing runs twice unasked.

`save` may run while the services do. `restore` and `settle` need all services stopped; they refuse while a
scheduler or runner is connected.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from taskmanager.errors import PermanentError, TaskManagerError
from taskmanager.goobi.installations import Dialect
from taskmanager.goobi.settings import load as load_goobi
from taskmanager.mongo import connect, migrate
from taskmanager.mongo.backup.archive import ArchiveReader, Header, Total
from taskmanager.mongo.backup.loading import empty, filled, load, plugins_of, verify
from taskmanager.mongo.backup.saving import save, time_of
from taskmanager.mongo.backup.settling import Settled, settle
from taskmanager.mongo.backup.unfinished import remove_mark, set_mark
from taskmanager.mongo.base.client import Database
from taskmanager.mongo.partitions import stored_partitions
from taskmanager.process import logs
from taskmanager.process.config import exit_text
from taskmanager.rabbit import Broker
from taskmanager.rabbit.channel import AsyncChannel
from taskmanager.rabbit.consumers import consumers
from taskmanager_scheduler.cli.backup_files import STANDARD, opened, written
from taskmanager_scheduler.jobs.after_restore import Restore, after_restore
from taskmanager_scheduler.settings import SchedulerSettings

PROGRAM = "taskmanager-backup"
EPILOG = "Exit code 0: done, 1: not done, 2: usage error. See docs/backup.md."
Print = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One run of the command: what it works on, and where its words go."""

    settings: SchedulerSettings
    say: Print

    async def save(self, target: str, *, keys: bool) -> None:
        """Write a backup; raises TaskManagerError."""

        async def work(database: Database) -> None:
            with written(target) as file:
                header, totals = await save(database, file, keys=keys)
            self.say(_contents(header, totals))

        await self._with_database(work)

    async def check(self, source: str) -> None:
        """Read a backup and compare it with its checksums; raises TaskManagerError."""
        self.say(_contents(*_read_through(source)))

    async def restore(self, source: str, *, replace: str | None) -> None:
        """Bring a backup into the database and settle it; raises TaskManagerError.

        A file is read to its end before anything is removed.
        """
        if source != STANDARD:
            _read_through(source)
        with opened(source) as file:
            archive = ArchiveReader(file)
            header = archive.header()
            await self._with_database(partial(self._restore, archive, header, replace))

    async def settle(self, taken: datetime) -> None:
        """Settle a database that was restored in another way; raises TaskManagerError."""

        async def work(database: Database) -> None:
            await self._require_silence(database)
            await set_mark(database, taken)
            await self._settle(database, taken)

        await self._with_database(work)

    async def _restore(
        self, archive: ArchiveReader, header: Header, replace: str | None, database: Database
    ) -> None:
        await self._require_silence(database)
        await _require_consent(database, replace)
        await empty(database, header.taken)
        await load(database, archive)
        await self._require_silence(database)
        await verify(database, archive.totals)
        self.say(_contents(header, archive.totals))
        self.say("read back: every document is as it was saved")
        await migrate(database)
        await self._settle(database, header.taken)

    async def _settle(self, database: Database, taken: datetime) -> None:
        restore = Restore(PROGRAM, taken, await time_of(database))
        settled = await settle(
            database,
            partial(after_restore, restore=restore),
            by=PROGRAM,
            jump=restore.jump,
            looked_up=_asked_first(self.settings),
            now=restore.now,
        )
        await remove_mark(database)
        self.say(_outcome(settled, taken))

    async def _require_silence(self, database: Database) -> None:
        """Raise PermanentError while a scheduler or runner is connected to the broker."""
        partitions = range(await stored_partitions(database))
        topology = self.settings.topology
        queues = [
            *topology.inboxes,
            *(topology.inbox_of(number) for number in partitions),
            *(topology.jobs(name) for name in await plugins_of(database)),
        ]
        names = sorted({queue.name for queue in queues})

        async def look(channel: AsyncChannel) -> None:
            if busy := await consumers(channel, names):
                readers = ", ".join(f"{queue} ({count})" for queue, count in busy.items())
                raise PermanentError(f"stop all services first: there are consumers of {readers}")

        await Broker.once(self.settings.amqp_url.get_secret_value(), "backup", look)

    async def _with_database(self, work: Callable[[Database], Awaitable[None]]) -> None:
        client, database = connect(self.settings.mongodb_url.get_secret_value(), socket_limit=None)
        try:
            await work(database)
        finally:
            await client.close()


def _read_through(source: str) -> tuple[Header, dict[str, Total]]:
    """What a backup holds; raises ArchiveError if it is not what was written."""
    with opened(source) as file:
        archive = ArchiveReader(file)
        header = archive.header()
        for _ in archive.blocks():
            pass
    return header, archive.totals


async def _require_consent(database: Database, replace: str | None) -> None:
    """Raise PermanentError if something would be lost that nobody gave up by name."""
    if replace is not None and replace != database.name:
        raise PermanentError(f"--replace names {replace}, but MONGODB_URL names {database.name}")
    if replace is None and (found := await filled(database)):
        raise PermanentError(
            f"the database {database.name} is not empty ({', '.join(found)}). "
            f"To have everything in it removed: --replace {database.name}"
        )


def _asked_first(settings: SchedulerSettings) -> list[str | None]:
    """The installations that tell what they have; jobs that name none belong to the default one."""
    goobi = load_goobi(settings.goobi)
    names = [name for name, one in goobi.installations.items() if one.dialect is Dialect.CORE]
    return [*names, None] if goobi.name_of(None) in names else [*names]


def _contents(header: Header, totals: dict[str, Total]) -> str:
    keys = "with" if header.keys else "without"
    lines = [
        f"backup of {header.database}, {_utc(header.taken)}, by release {header.release}, {keys} keys",
        *(
            f"  {name}: {one.documents} documents, {one.size} bytes"
            for name, one in sorted(totals.items())
            if one.documents
        ),
    ]
    return "\n".join(lines)


def _outcome(settled: Settled, taken: datetime) -> str:
    lines = [
        f"{settled.jobs} jobs that had not ended by then are held until you release or cancel them",
        f"{settled.reports} reports to Goobi that cannot be looked up are given up until you replay them",
        f"{settled.operations} operations over many jobs are stopped",
        f"jobs accepted after {_utc(taken)} are unknown; whoever submitted them may do so again",
    ]
    if settled.unreadable:
        lines.append(f"{settled.unreadable} jobs cannot be read and were left alone: nothing starts them")
    return "\n".join(lines)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0 when done, 1 with one line on stderr otherwise, or 2 for a usage error."""
    options = _parser().parse_args(arguments)
    settings = SchedulerSettings()
    logs.configure("backup", log_format=settings.log_format, level=settings.log_level)
    out = sys.stderr if options.command == "save" and options.file == "-" else sys.stdout
    run = Maintenance(settings, partial(print, file=out, flush=True))
    try:
        asyncio.run(_asked(run, options))
    except (TaskManagerError, OSError) as error:
        sys.exit(f"{PROGRAM}: {exit_text(error)}")


async def _asked(run: Maintenance, options: argparse.Namespace) -> None:
    match options.command:
        case "save":
            await run.save(options.file, keys=options.with_keys)
        case "check":
            await run.check(options.file)
        case "restore":
            await run.restore(options.file, replace=options.replace)
        case "settle":
            await run.settle(options.taken)


def _moment(text: str) -> datetime:
    """ISO 8601 with a time zone, to the millisecond, as the database keeps it."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("the time zone is missing")
    whole = found.microsecond // 1000 * 1000
    return found.astimezone(UTC).replace(microsecond=whole)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, epilog=EPILOG)
    commands: Any = parser.add_subparsers(required=True, dest="command")
    saving = commands.add_parser("save", help="save the database; the services may run")
    saving.add_argument("file", help="must not exist yet; `-`: standard output")
    saving.add_argument(
        "--with-keys",
        action="store_true",
        help="also the keys of sessions and second factors: keep such a file like a password",
    )
    checking = commands.add_parser("check", help="read a backup and compare it with its checksums")
    checking.add_argument("file", help="`-`: standard input")
    restoring = commands.add_parser("restore", help="restore a backup; all services must be stopped")
    restoring.add_argument("file", help="`-`: standard input")
    restoring.add_argument(
        "--replace", metavar="DATABASE", help="the name of the database, everything in which is removed"
    )
    settling = commands.add_parser(
        "settle", help="after a restore by other means, before any service starts: hold what had not ended"
    )
    settling.add_argument(
        "--taken", type=_moment, required=True, help="when the copy was made, such as 2026-11-28T12:00:00Z"
    )
    return parser


if __name__ == "__main__":
    main()
