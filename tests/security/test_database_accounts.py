"""What each account can do to a real MongoDB, and what it is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from tests.conftest import ServiceUrls

from taskmanager.mongo.access.database_accounts import drop_accounts
from taskmanager.mongo.access.writes import SESSION_KEY, secrets_database

Client = MongoClient[dict[str, Any]]
Act = Callable[[Client, str], object]
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18


def session_key(client: Client, database: str) -> dict[str, Any]:
    """The document; raises unless it may be read and is there."""
    found = client[secrets_database(database)].settings.find_one({"_id": SESSION_KEY})
    assert found is not None
    return found


ALLOWED: dict[str, tuple[str, Act]] = {
    "the gateway reads jobs": ("gateway", lambda client, name: client[name].jobs.find_one()),
    "the gateway reads the key of sessions": ("gateway", session_key),
    "the scheduler writes jobs": ("scheduler", lambda client, name: client[name].jobs.delete_many({})),
    "the migration makes indexes": ("migrate", lambda client, name: client[name].jobs.create_index("a")),
}
REFUSED: dict[str, tuple[str, Act]] = {
    "the gateway writes a user": ("gateway", lambda client, name: client[name].users.insert_one({})),
    "the gateway writes a job": ("gateway", lambda client, name: client[name].jobs.delete_many({})),
    "the gateway changes the key of sessions": (
        "gateway",
        lambda client, name: client[secrets_database(name)].settings.delete_many({}),
    ),
    "the scheduler reads the key of sessions": ("scheduler", session_key),
    "the scheduler makes an index": ("scheduler", lambda client, name: client[name].jobs.create_index("a")),
    "the scheduler drops a collection": ("scheduler", lambda client, name: client[name].jobs.drop()),
    "the scheduler makes itself an admin": (
        "scheduler",
        lambda client, name: client[name].command("grantRolesToUser", "scheduler", roles=["dbOwner"]),
    ),
    "the migration drops the database": ("migrate", lambda client, name: client.drop_database(name)),
    "the migration makes accounts": (
        "migrate",
        lambda client, name: client[name].command("createUser", "x", pwd="x", roles=[]),
    ),
    "the gateway reads another database": ("gateway", lambda client, _: client.other.jobs.find_one()),
}


@pytest.fixture
def accounts(service_urls: ServiceUrls) -> Iterator[ServiceUrls]:
    """The accounts of this test's database."""
    yield service_urls
    with MongoClient[dict[str, Any]](service_urls.mongod.url) as client:
        drop_accounts(client, service_urls.database)


def done_by(accounts: ServiceUrls, account: str, act: Act) -> None:
    url = accounts.mongod.url_of(account, accounts.database)
    with MongoClient[dict[str, Any]](url) as client:
        act(client, accounts.database)


@pytest.mark.parametrize("what", ALLOWED)
def test_an_account_may_do_what_its_service_does(accounts: ServiceUrls, what: str) -> None:
    done_by(accounts, *ALLOWED[what])


@pytest.mark.parametrize("what", REFUSED)
def test_an_account_is_refused_everything_else(accounts: ServiceUrls, what: str) -> None:
    with pytest.raises(OperationFailure) as refused:
        done_by(accounts, *REFUSED[what])
    assert refused.value.code == UNAUTHORIZED


def test_nobody_reads_anything_without_a_password(accounts: ServiceUrls) -> None:
    url = f"mongodb://127.0.0.1:{accounts.mongod.port}/{accounts.database}?directConnection=true"
    with MongoClient[dict[str, Any]](url) as client, pytest.raises(OperationFailure, match="authentication"):
        client[accounts.database].jobs.find_one()
    with MongoClient[dict[str, Any]](url.replace("//", "//gateway:wrong@")) as client:
        with pytest.raises(OperationFailure) as refused:
            client[accounts.database].jobs.find_one()
        assert refused.value.code == AUTHENTICATION_FAILED


def test_whoever_may_read_all_of_the_jobs_database_finds_no_key_of_sessions(accounts: ServiceUrls) -> None:
    """This includes the built-in role `read` of MongoDB."""
    with MongoClient[dict[str, Any]](accounts.mongod.url) as client:
        client[accounts.database].command("createUser", "reports", pwd="secret", roles=["read"])
    url = accounts.mongod.url_of("gateway", accounts.database)
    credentials = url.removeprefix("mongodb://").split("@", maxsplit=1)[0]
    with MongoClient[dict[str, Any]](url.replace(credentials, "reports:secret")) as client:
        database = client[accounts.database]
        for collection in database.list_collection_names():
            assert database[collection].find_one({"_id": SESSION_KEY}) is None
        with pytest.raises(OperationFailure):
            session_key(client, accounts.database)
