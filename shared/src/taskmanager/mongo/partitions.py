"""The number of partitions that an installation has, stored so that no service works with another."""

from taskmanager.errors import PermanentError
from taskmanager.mongo.base.client import Database, translated_errors

_KEY = "partitions"


async def stored_partitions(database: Database) -> int:
    """The number; 1 if none has been stored. Raises StoreUnavailableError."""
    with translated_errors():
        document = await database.settings.find_one({"_id": _KEY})
    return int(document["number"]) if document else 1


async def store_partitions(database: Database, number: int) -> None:
    """From now on, services with another setting refuse to start. Raises StoreUnavailableError.

    An installation that was never divided stores nothing.
    """
    if number == await stored_partitions(database):
        return
    with translated_errors():
        await database.settings.update_one({"_id": _KEY}, {"$set": {"number": number}}, upsert=True)


async def check_partitions(database: Database, setting: int) -> None:
    """Raise PermanentError if the installation has another number; raises StoreUnavailableError."""
    stored = await stored_partitions(database)
    if stored != setting:
        message = (
            f"TASKMANAGER_PARTITIONS is {setting}, but this installation has {stored}: set it alike for all "
            "services, or stop all of them and run taskmanager-migrate"
        )
        raise PermanentError(message)
