"""The members of a MongoDB replica set, each on its own host."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from tests.ha.world import Host

from taskmanager.accounts.server_passwords import keyfile_text
from taskmanager.files.private_files import private_file
from taskmanager.mongo.access.database_accounts import ensure_administrator, member_login
from taskmanager_local.commands import Command, private_folder
from taskmanager_local.mongod import ADMINISTRATOR, DATABASE, REPLICA_SET, Mongod
from taskmanager_local.servers import TEST_CACHE_GIGABYTES
from taskmanager_testing.waiting import eventually

PORT = 27017
ALREADY_INITIALIZED = 23
READY_SECONDS = 60
ANSWER_MILLISECONDS = 2000
PASSWORD = "of-a-network-nobody-sees"


@dataclass(frozen=True)
class Member:
    """One mongod."""

    mongod: Mongod
    host: Host
    key: str

    @property
    def folder(self) -> Path:
        """See `taskmanager_local.servers.Server`."""
        return self.mongod.folder

    @property
    def port(self) -> int:
        """See `taskmanager_local.servers.Server`."""
        return self.mongod.port

    @property
    def url(self) -> str:
        """See `taskmanager_local.servers.Server`."""
        return self.mongod.url

    @property
    def url_of(self) -> Callable[..., str]:
        """See `taskmanager_local.servers.Server`."""
        return self.mongod.url_of

    @property
    def address(self) -> str:
        """The address by which the other members know it."""
        return f"{self.host.address}:{PORT}"

    def prepare(self) -> None:
        """Write the secret the members share."""
        private_file(private_folder(self.folder) / "keyfile", self.key)

    def commands(self) -> list[Command]:
        """Its process, on its host."""
        [server] = self.mongod.commands()
        return [replace(server, arguments=self.host.inside(server.arguments))]

    def wait_until_ready(self) -> None:
        """Return at once: a member is only usable together with others."""

    def client(self) -> MongoClient[dict[str, Any]]:
        """A client that logs in with the members' shared secret."""
        return MongoClient(
            self.address,
            directConnection=True,
            serverSelectionTimeoutMS=ANSWER_MILLISECONDS,
            socketTimeoutMS=ANSWER_MILLISECONDS,
            **member_login(self.key),
        )

    def state(self) -> str | None:
        """`primary` or `secondary`; None if it is neither or does not answer."""
        try:
            with self.client() as client:
                answer = client.admin.command("hello")
        except PyMongoError:
            return None
        if answer.get("isWritablePrimary"):
            return "primary"
        return "secondary" if answer.get("secondary") else None


def replica_members(folder: Path, hosts: Sequence[Host]) -> list[Member]:
    """The members of one replica set; they share a secret."""
    key = keyfile_text()
    return [
        Member(Mongod(folder / host.name, PORT, TEST_CACHE_GIGABYTES, address=host.address), host, key)
        for host in hosts
    ]


def initiate(members: Sequence[Member]) -> None:
    """Combine running members into a replica set with an administrator."""
    config = {
        "_id": REPLICA_SET,
        "members": [{"_id": number, "host": one.address} for number, one in enumerate(members)],
    }

    def begun() -> bool:
        try:
            with members[0].client() as client:
                client.admin.command("replSetInitiate", config)
        except PyMongoError as error:
            return getattr(error, "code", None) == ALREADY_INITIALIZED
        return True

    eventually(begun, within_seconds=READY_SECONDS, what="a replica set")
    eventually(
        lambda: sorted(str(one.state()) for one in members) == ["primary", "secondary", "secondary"],
        within_seconds=READY_SECONDS,
        what="a primary and two secondaries",
    )
    [primary] = [one for one in members if one.state() == "primary"]
    with primary.client() as client:
        ensure_administrator(client, ADMINISTRATOR, PASSWORD)


def all_urls(members: Sequence[Member]) -> str:
    """The URL of all members, as services are given it."""
    places = ",".join(one.address for one in members)
    return (
        f"mongodb://{ADMINISTRATOR}:{PASSWORD}@{places}/{DATABASE}?replicaSet={REPLICA_SET}&authSource=admin"
    )
