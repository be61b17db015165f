"""RabbitMQ through pika, for asyncio; the services use pika only here.

The reasons for the defaults:
- confirms on every publish, many outstanding: one confirm at a time is ten times slower;
- every message persistent unless it is a hint;
- publishing and consuming on separate connections: a memory or disk alarm blocks only publishers;
- heartbeat 10 s: a dead peer is noticed within half a minute, and no job code runs in this loop to starve it;
- every call has a time limit, and a consumer that gets nothing although messages wait is opened again.
"""

from taskmanager.rabbit.broker import Broker
from taskmanager.rabbit.declare import declare_plugin, declare_topology

__all__ = ["Broker", "declare_plugin", "declare_topology"]
