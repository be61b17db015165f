"""Makes a fresh MongoDB a replica set of one, which transactions need; does nothing if it is one already.

For the compose file only: whoever runs a MongoDB of his own has set it up himself.
"""

import os
import sys
import time

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

ALREADY_INITIALIZED = 23
LIMIT_SECONDS = 60


def main() -> None:
    """Initialise the set named in MONGODB_URL and wait until it takes writes."""
    target = parse_uri(os.environ["MONGODB_URL"])
    host, port = target["nodelist"][0]
    name = target["options"]["replicaSet"]
    deadline = time.monotonic() + LIMIT_SECONDS
    client: MongoClient[dict[str, object]]
    with MongoClient(host, port, directConnection=True, serverSelectionTimeoutMS=2000) as client:
        while not _is_writable(client, name, f"{host}:{port}"):
            if time.monotonic() > deadline:
                sys.exit(f"{host}:{port} did not become writable within {LIMIT_SECONDS} s")
            time.sleep(0.5)


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
