"""A Dramatiq application whose actor does nothing but store its result in MongoDB, as durably as ours.

Runs in the peers' environment, without any module of ours.
"""

import os

import dramatiq
from database import database
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import CurrentMessage

broker = RabbitmqBroker(url=os.environ["PEER_AMQP_URL"], confirm_delivery=True)
broker.add_middleware(CurrentMessage())
dramatiq.set_broker(broker)


def _nothing() -> None:
    message = CurrentMessage.get_current_message()
    database()["dramatiq_results"].insert_one({"_id": message.message_id, "status": "done", "result": None})


noop = dramatiq.actor(_nothing, actor_name="noop", queue_name=os.environ["PEER_QUEUE"])
