"""`taskmanager-accounts`: writes passwords and rights of broker and database users to files for each process.

Run it before the servers start, and again for a new plugin; existing users keep their passwords. It contacts
no server: RabbitMQ reads `broker/definitions.json` when it starts, MongoDB `database/keyfile`. With
certificates (`--tls`) the addresses use TLS, verified with the copy of `ca.pem` next to each of them.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskmanager.accounts.broker_users import DEFAULT_STEM, BrokerUsers, broker_users
from taskmanager.accounts.server_passwords import Passwords, definitions, keyfile_text
from taskmanager.files.private_files import private_file
from taskmanager.mongo.access.database_accounts import Account
from taskmanager.process.config import Settings

PROGRAM = "taskmanager-accounts"
AUTHORITY = "ca.pem"


@dataclass(frozen=True, slots=True)
class AccountsPlan:
    """What to create, and where.

    `owners` are the user ids of `services`, `broker` and `database`, where they differ from the caller's.
    `certificates` is the folder of a private authority with certificates called `rabbitmq`, `mongo` and
    `gateway`; `read_at` is where the processes find their own folder, which an address must name.
    """

    folder: Path
    plugins: Sequence[str]
    broker: str
    database: str
    users: BrokerUsers
    owners: Mapping[str, int]
    retired: Sequence[str] = ()
    certificates: Path | None = None
    read_at: str = ""

    def write(self) -> None:
        """Write all files, each with mode 0600."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_for_broker()
        self._write_for_database()
        self._write_addresses("gateway", self.users.gateway, Account.GATEWAY)
        self._write_addresses("scheduler", self.users.scheduler, Account.SCHEDULER)
        self._write_addresses("migrate", self.users.migrate, Account.MIGRATE)
        self._write_addresses("orchestrator", self.users.orchestrator, None)
        for plugin in self.plugins:
            self._write_addresses(f"runner-{plugin}", self.users.runner(plugin), None)
        if self.certificates is not None:
            self._write_certificates(self.certificates)

    def _write_certificates(self, made: Path) -> None:
        authority = (made / AUTHORITY).read_text(encoding="utf-8")
        owners = {"broker": "broker", "database": "database"}
        readers = ["gateway", "scheduler", "migrate", "orchestrator", "replica-set", *owners]
        for reader in [*readers, *(f"runner-{plugin}" for plugin in self.plugins)]:
            self._write(reader, AUTHORITY, authority, owners.get(reader, "services"))
        for folder, name, owner in (("broker", "rabbitmq", "broker"), ("gateway", "gateway", "services")):
            self._write(folder, "certificate.pem", (made / f"{name}.pem").read_text(encoding="utf-8"), owner)
            self._write(folder, "key.pem", (made / f"{name}-key.pem").read_text(encoding="utf-8"), owner)
        both = (made / "mongo-both.pem").read_text(encoding="utf-8")
        self._write("database", "certificate-and-key.pem", both, "database")

    @property
    def _passwords(self) -> Passwords:
        return Passwords(self.folder / "passwords.json")

    def _write_for_broker(self) -> None:
        users = broker_users(Settings().topology, self.plugins, users=self.users)
        passwords = {user.name: self._passwords.of(user.name) for user in users}
        wanted = definitions(users, passwords, retired=self.retired)
        self._write("broker", "definitions.json", json.dumps(wanted, indent=1), "broker")

    def _write_for_database(self) -> None:
        kept = self.folder / "keyfile"
        if not kept.exists():
            private_file(kept, keyfile_text())
        keyfile = kept.read_text(encoding="utf-8")
        passwords = {account: self._passwords.of(f"mongodb {account}") for account in Account}
        self._write("database", "keyfile", keyfile, "database")
        self._write("replica-set", "keyfile", keyfile, "services")
        self._write("replica-set", "passwords.json", json.dumps(passwords), "services")

    def _write_addresses(self, name: str, user: str, account: Account | None) -> None:
        folder = self.read_at or str(self.folder / name)
        verified_by = f"{folder}/{AUTHORITY}"
        broker = f"{user}:{self._passwords.of(user)}@{self.broker}/%2F"
        tls = self.certificates is not None
        address = f"amqps://{broker}?cacertfile={verified_by}" if tls else f"amqp://{broker}"
        self._write(name, "amqp_url", address, "services")
        if account is not None:
            login = f"{account}:{self._passwords.of(f'mongodb {account}')}"
            options = f"{'&' if '?' in self.database else '?'}tls=true&tlsCAFile={verified_by}" if tls else ""
            self._write(name, "mongodb_url", f"mongodb://{login}@{self.database}{options}", "services")

    def _write(self, folder: str, name: str, text: str, owner: str) -> None:
        (self.folder / folder).mkdir(exist_ok=True)
        private_file(self.folder / folder / name, text, self.owners.get(owner))


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit with 0 when all files are written, 1 with one line on stderr otherwise, or 2 for a usage error."""
    options = _parser().parse_args(arguments)
    installation = AccountsPlan(
        folder=options.folder,
        plugins=options.plugins,
        broker=options.broker,
        database=options.database,
        users=BrokerUsers(options.name),
        owners={name: int(owner) for name, owner in options.owner},
        retired=options.retire,
        certificates=options.tls,
        read_at=options.read_at,
    )
    try:
        installation.write()
    except OSError as error:
        sys.exit(f"{PROGRAM}: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("folder", type=Path, help="folder to write to, with a subfolder for each process")
    parser.add_argument("--plugins", nargs="+", required=True, metavar="NAME")
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    parser.add_argument("--database", required=True, metavar="HOST:PORT/NAME?OPTIONS")
    parser.add_argument(
        "--name", default=DEFAULT_STEM, help="prefix of all broker user names (default: %(default)s)"
    )
    parser.add_argument(
        "--owner",
        nargs=2,
        action="append",
        default=[],
        metavar=("WHOSE", "UID"),
        help="owner of the files of `services`, `broker` or `database`; needs root",
    )
    parser.add_argument(
        "--tls",
        type=Path,
        metavar="FOLDER",
        help="folder with ca.pem and certificates rabbitmq, mongo and gateway, from `make certificates`",
    )
    parser.add_argument(
        "--read-at",
        default="",
        metavar="FOLDER",
        help="where each process finds its own folder, if not in the folder written to",
    )
    parser.add_argument(
        "--retire", nargs="*", default=[], metavar="USER", help="broker users to be stripped of all rights"
    )
    return parser


if __name__ == "__main__":
    main()
