"""The work of our scheduler and runner built from Dramatiq: states, their history and a counter per plugin.

Each write waits for the majority's journal, each message for the broker's confirm. A job whose worker died
runs again when its message is redelivered; one that is DONE is left alone.

Runs in the peers' environment, without any module of ours.
"""

import os
from datetime import UTC, datetime
from typing import Any

import dramatiq
from database import database
from dramatiq.brokers.rabbitmq import RabbitmqBroker

QUEUED, STARTED, DONE = "QUEUED", "STARTED", "DONE"

broker = RabbitmqBroker(url=os.environ["PEER_AMQP_URL"], confirm_delivery=True)
dramatiq.set_broker(broker)


def entry(status: str) -> dict[str, Any]:
    """One entry of a job's history, now."""
    return {"at": datetime.now(UTC), "status": status}


def _moved(status: str) -> dict[str, Any]:
    """The update that moves a job to a status."""
    return {"$set": {"status": status}, "$push": {"history": entry(status)}}


def _run(job: str) -> None:
    data = database()
    unended = {"_id": job, "status": {"$in": [QUEUED, STARTED]}}
    if (stored := data["jobs"].find_one_and_update(unended, _moved(STARTED))) is None:
        return
    # a plugin would work here
    if data["jobs"].update_one({"_id": job, "status": STARTED}, _moved(DONE)).modified_count:
        data["statistics"].update_one({"_id": stored["plugin"]}, {"$inc": {"done": 1}}, upsert=True)


run = dramatiq.actor(_run, actor_name="run", queue_name=os.environ["PEER_QUEUE"])
