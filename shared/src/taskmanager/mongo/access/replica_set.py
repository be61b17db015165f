"""Makes a fresh MongoDB a replica set of one, which transactions need, with the accounts of the services.

It logs in as a member of the set, which is possible before any account exists.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from taskmanager.errors import PermanentError
from taskmanager.mongo.access.database_accounts import Account, ensure_accounts, member_login

ALREADY_INITIALIZED = 23
POLL = timedelta(seconds=0.5)


def ensure_replica_set(
    url: str, keyfile: str, passwords: Mapping[Account, str], limit: timedelta, tell: Callable[[str], object]
) -> None:
    """Initialise the set that `url` names, wait until it takes writes, and create the accounts.

    Repeatable: privileges and passwords of existing accounts are set again. `tell` gets a line whenever the
    server does not answer yet.

    Raises:
        PermanentError: it does not take writes within the limit, or refuses.
    """
    target = parse_uri(url)
    host, port = target["nodelist"][0]
    name = target["options"]["replicaSet"]
    tls = {key: target["options"][key] for key in ("tls", "tlsCAFile") if key in target["options"]}
    deadline = time.monotonic() + limit.total_seconds()
    client: MongoClient[dict[str, Any]]
    with MongoClient(
        host, port, directConnection=True, serverSelectionTimeoutMS=2000, **tls, **member_login(keyfile)
    ) as client:
        try:
            while not _is_writable(client, name, f"{host}:{port}", tell):
                if time.monotonic() > deadline:
                    raise PermanentError(
                        f"{host}:{port} did not become writable within {limit.total_seconds():.0f} s"
                    )
                time.sleep(POLL.total_seconds())
            ensure_accounts(client, target["database"], passwords)
        except OperationFailure as failure:
            raise PermanentError(f"{host}:{port} refuses: {failure}") from failure


def _is_writable(
    client: MongoClient[dict[str, Any]], name: str, address: str, tell: Callable[[str], object]
) -> bool:
    try:
        client.admin.command("replSetInitiate", {"_id": name, "members": [{"_id": 0, "host": address}]})
    except OperationFailure as failure:
        if failure.code != ALREADY_INITIALIZED:
            raise
    except PyMongoError as error:
        tell(f"{address} does not answer yet: {error}\n")
        return False
    return bool(client.admin.command("hello")["isWritablePrimary"])
