"""MongoDB through pymongo's async client; the services use pymongo only here.

Writes are acknowledged by a majority and journaled, set in code rather than left to the server's defaults:
with less, acknowledged writes were lost in tests when mongod was killed.
"""

from taskmanager.mongo.base import without_pyopenssl  # noqa: F401  # isort: split
from taskmanager.mongo.base.client import connect
from taskmanager.mongo.dead_letters import MongoDeadLetters
from taskmanager.mongo.migrations import migrate
from taskmanager.mongo.notifications.store import MongoNotifications
from taskmanager.mongo.reader import MongoReader
from taskmanager.mongo.reports.writes import MongoReports
from taskmanager.mongo.writer import MongoStore

__all__ = [
    "MongoDeadLetters",
    "MongoNotifications",
    "MongoReader",
    "MongoReports",
    "MongoStore",
    "connect",
    "migrate",
]
