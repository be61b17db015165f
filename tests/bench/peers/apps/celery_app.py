"""A Celery application that does nothing, configured as by users who must not lose tasks.

Runs in the peers' environment, without any module of ours.
"""

import os

from celery import Celery

PROCESSES = 2

app = Celery("peer", broker=os.environ["PEER_AMQP_URL"], backend=os.environ["PEER_MONGODB_URL"])
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=PROCESSES,
    task_default_queue=os.environ["PEER_QUEUE"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={"confirm_publish": os.environ.get("PEER_CONFIRMS") == "yes"},
)


def _nothing() -> None:
    """Do nothing: what remains is the cost of the system."""


noop = app.task(_nothing, name="peer.noop")
