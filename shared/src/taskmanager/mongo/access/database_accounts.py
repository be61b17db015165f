"""The database's accounts: one for each process that may connect, with the least privileges it needs.

They are in the application's own database, so that a URL without `authSource` finds them. Runners have none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from taskmanager.mongo.access.writes import secrets_database

READ = ("find",)
WRITE = ("find", "insert", "update", "remove")
SHAPE = (
    "createCollection",
    "dropCollection",
    "createIndex",
    "dropIndex",
    "collMod",
    "listCollections",
    "listIndexes",
)
ALL_COLLECTIONS = ""
MECHANISMS = ["SCRAM-SHA-256"]
ALREADY_EXISTS = frozenset({51002, 51003})
"""A role or a user of this name."""


class Account(StrEnum):
    """Who may log in."""

    GATEWAY = "gateway"
    SCHEDULER = "scheduler"
    MIGRATE = "migrate"


@dataclass(frozen=True, slots=True)
class Privileges:
    """Actions of MongoDB on all collections of a database except the server's own."""

    database: str
    actions: Sequence[str]


def member_login(keyfile: str) -> dict[str, Any]:
    """How pymongo logs in as a member of the replica set, which is possible before any account exists."""
    return {
        "username": "__system",
        "password": keyfile,
        "authSource": "local",
        "authMechanism": MECHANISMS[0],
    }


def grants(database: str) -> Mapping[Account, Sequence[Privileges]]:
    """What each account may do. The gateway reads the session key; the migration makes it."""
    secrets = secrets_database(database)
    return {
        Account.GATEWAY: (Privileges(database, READ), Privileges(secrets, READ)),
        Account.SCHEDULER: (Privileges(database, WRITE),),
        Account.MIGRATE: (
            Privileges(database, (*WRITE, *SHAPE)),
            Privileges(secrets, ("find", "insert", "update")),
        ),
    }


def ensure_accounts(
    client: MongoClient[dict[str, Any]], database: str, passwords: Mapping[Account, str]
) -> None:
    """Create roles and users, or set their privileges and passwords again; raises pymongo's errors.

    The client must be allowed to manage users.
    """
    for account, password in passwords.items():
        roles = [_ensure_role(client, account, grant) for grant in grants(database)[account]]
        fields = {"pwd": password, "roles": roles, "mechanisms": MECHANISMS}
        _make_or_update(client, database, "User", account, fields)


def drop_accounts(client: MongoClient[dict[str, Any]], database: str) -> None:
    """Remove all users and roles of an application's databases."""
    for name in (database, secrets_database(database)):
        client[name].command("dropAllUsersFromDatabase")
        client[name].command("dropAllRolesFromDatabase")


def ensure_administrator(client: MongoClient[dict[str, Any]], name: str, password: str) -> None:
    """Create an account for a person, who may do everything."""
    fields = {"pwd": password, "roles": ["root"], "mechanisms": MECHANISMS}
    _make_or_update(client, "admin", "User", name, fields)


def _ensure_role(client: MongoClient[dict[str, Any]], account: Account, grant: Privileges) -> dict[str, str]:
    resource = {"db": grant.database, "collection": ALL_COLLECTIONS}
    fields = {"privileges": [{"resource": resource, "actions": list(grant.actions)}], "roles": list[str]()}
    _make_or_update(client, grant.database, "Role", account, fields)
    return {"role": account.value, "db": grant.database}


def _make_or_update(
    client: MongoClient[dict[str, Any]], database: str, kind: str, name: str, fields: Mapping[str, Any]
) -> None:
    try:
        client[database].command({f"create{kind}": str(name), **fields})
    except OperationFailure as failure:
        if failure.code not in ALREADY_EXISTS:
            raise
        client[database].command({f"update{kind}": str(name), **fields})
