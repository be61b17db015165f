"""The mark of a database that is being restored: no service works on it, and no backup is made of it."""

from datetime import datetime

from taskmanager.errors import PermanentError
from taskmanager.mongo.base.client import Database, translated_errors

MARK = "restore"
"""The key of the mark in `settings`."""


async def set_mark(database: Database, taken: datetime) -> None:
    """Say that a restore of the state of this moment has begun; raises StoreUnavailableError."""
    with translated_errors():
        await database.settings.update_one({"_id": MARK}, {"$set": {"taken": taken}}, upsert=True)


async def remove_mark(database: Database) -> None:
    """Say that the restore is finished; raises StoreUnavailableError."""
    with translated_errors():
        await database.settings.delete_one({"_id": MARK})


async def check_finished(database: Database) -> None:
    """Raise PermanentError if a restore was begun and not finished; raises StoreUnavailableError."""
    with translated_errors():
        mark = await database.settings.find_one({"_id": MARK})
    if mark is not None:
        message = (
            f"the database is being restored to {mark['taken']:%Y-%m-%d %H:%M:%S} UTC, and this is not "
            "finished: run taskmanager-backup restore or settle (again)"
        )
        raise PermanentError(message)
