"""`taskmanager-replica-set`: makes a fresh MongoDB a replica set of one, with the accounts of the services.

`MONGODB_URL` names server, database and set, without a password; `TASKMANAGER_ACCOUNTS` is the folder
`replica-set` that `taskmanager-accounts` has written. Repeatable.
"""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from taskmanager.errors import TaskManagerError
from taskmanager.mongo.access.database_accounts import Account
from taskmanager.mongo.access.replica_set import ensure_replica_set

LIMIT = timedelta(seconds=60)
PROGRAM = "taskmanager-replica-set"


def main() -> None:
    """Exit with 0 when the set and its accounts are there, otherwise with 1 and one line on stderr."""
    try:
        folder, url = Path(os.environ["TASKMANAGER_ACCOUNTS"]), os.environ["MONGODB_URL"]
        passwords = json.loads((folder / "passwords.json").read_text(encoding="utf-8"))
        keyfile = (folder / "keyfile").read_text(encoding="utf-8")
    except KeyError as missing:
        sys.exit(f"{PROGRAM}: {missing.args[0]} is not set")
    except OSError as error:
        sys.exit(f"{PROGRAM}: {error}")
    try:
        accounts = {Account(name): word for name, word in passwords.items()}
        ensure_replica_set(url, keyfile, accounts, LIMIT, sys.stderr.write)
    except TaskManagerError as error:
        sys.exit(f"{PROGRAM}: {error}")


if __name__ == "__main__":
    main()
