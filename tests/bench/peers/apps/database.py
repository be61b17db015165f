"""The peers' database: one client for each process, since none may be inherited over a fork."""

import os
from typing import Any

from pymongo import MongoClient, WriteConcern
from pymongo.database import Database

DURABLE = WriteConcern("majority", j=True)
_clients: dict[int, MongoClient[dict[str, Any]]] = {}


def database() -> Database[dict[str, Any]]:
    """The database of the address in PEER_MONGODB_URL; every write waits for the majority's journal."""
    client = _clients.get(os.getpid())
    if client is None:
        client = _clients.setdefault(os.getpid(), MongoClient(os.environ["PEER_MONGODB_URL"]))
    return client.get_default_database(write_concern=DURABLE)
