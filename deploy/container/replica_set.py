"""Makes a fresh MongoDB a replica set of one, which transactions need, and the accounts of the services.

Repeatable: sets the privileges and passwords of existing accounts again. Logs in as a member of the set,
which is possible before any account exists. For the compose file; `taskmanager-accounts` writes the files it
reads.
"""

import json
import os
import sys
import time
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from taskmanager.mongo.access.database_accounts import Account, ensure_accounts, member_login

ALREADY_INITIALIZED = 23
LIMIT_SECONDS = 60


def main() -> None:
    """Initialise the set named in MONGODB_URL, wait until it accepts writes, and create the accounts.

    `TASKMANAGER_ACCOUNTS` names the folder of their passwords and of the keyfile.
    """
    accounts = Path(os.environ["TASKMANAGER_ACCOUNTS"])
    passwords = json.loads((accounts / "passwords.json").read_text(encoding="utf-8"))
    target = parse_uri(os.environ["MONGODB_URL"])
    host, port = target["nodelist"][0]
    name = target["options"]["replicaSet"]
    tls = {key: target["options"][key] for key in ("tls", "tlsCAFile") if key in target["options"]}
    deadline = time.monotonic() + LIMIT_SECONDS
    client: MongoClient[dict[str, object]]
    with MongoClient(
        host,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=2000,
        **tls,
        **member_login((accounts / "keyfile").read_text(encoding="utf-8")),
    ) as client:
        while not _is_writable(client, name, f"{host}:{port}"):
            if time.monotonic() > deadline:
                sys.exit(f"{host}:{port} did not become writable within {LIMIT_SECONDS} s")
            time.sleep(0.5)
        ensure_accounts(client, target["database"], {Account(name): word for name, word in passwords.items()})


def _is_writable(client: MongoClient[dict[str, object]], name: str, address: str) -> bool:
    try:
        client.admin.command("replSetInitiate", {"_id": name, "members": [{"_id": 0, "host": address}]})
    except OperationFailure as failure:
        if failure.code != ALREADY_INITIALIZED:
            raise
    except PyMongoError as error:
        sys.stderr.write(f"{address} does not answer yet: {error}\n")
        return False
    return bool(client.admin.command("hello")["isWritablePrimary"])


if __name__ == "__main__":
    main()
