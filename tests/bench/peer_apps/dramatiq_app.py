"""A Dramatiq application whose actor does nothing but store its result in MongoDB, as durably as ours.

Runs in the peers' environment, without any module of ours.
"""

import os
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import CurrentMessage
from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection

broker = RabbitmqBroker(url=os.environ["PEER_AMQP_URL"], confirm_delivery=True)
broker.add_middleware(CurrentMessage())
dramatiq.set_broker(broker)

_clients: dict[int, MongoClient[dict[str, Any]]] = {}


def _results() -> Collection[dict[str, Any]]:
    """The collection of results; each process has its own client, which must not be inherited over a fork."""
    client = _clients.get(os.getpid())
    if client is None:
        client = _clients.setdefault(os.getpid(), MongoClient(os.environ["PEER_MONGODB_URL"]))
    return client.get_default_database().get_collection(
        "dramatiq_results", write_concern=WriteConcern("majority", j=True)
    )


def _nothing() -> None:
    message = CurrentMessage.get_current_message()
    _results().insert_one({"_id": message.message_id, "status": "done", "result": None})


noop = dramatiq.actor(_nothing, actor_name="noop", queue_name=os.environ["PEER_QUEUE"])
