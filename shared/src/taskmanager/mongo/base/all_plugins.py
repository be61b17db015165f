"""Searches over all plugins: the indexes of jobs begin with the plugin, so such a search names them all.

A second index for all plugins next to each of these would double the cost of every write of a job.
"""

from collections.abc import Sequence

from taskmanager.mongo.base.client import Database, Document


async def plugins_with_jobs(database: Database) -> list[str]:
    """The names of all plugins that have jobs; read from an index in as many steps as there are plugins."""
    names: list[str] = await database.jobs.distinct("plugin")
    return names


async def over_all_plugins(database: Database, condition: Document) -> Document:
    """The condition in a form that an index serves; unchanged if it names a plugin or job ids."""
    if "plugin" in condition or "_id" in condition:
        return condition
    return {**condition, "plugin": {"$in": await plugins_with_jobs(database)}}


def in_each(
    plugins: Sequence[str], condition: Document, places: Sequence[Document], field: str = "plugin"
) -> Document:
    """The condition with one of the places, spelled out for each plugin: the server merges their indexes.

    `field` is the plugin field of the index.
    """
    return {"$or": [{"$and": [{**condition, field: name}, place]} for name in plugins for place in places]}
