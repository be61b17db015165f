"""The replica sets as documents: read for decisions and for pages, written under their `rev`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from taskmanager.model.replicas import HEARD_WITHIN, ReplicaSet
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.statements import Statement, by_revision
from taskmanager.mongo.base.unreadable import readable
from taskmanager.ports.store import Needs

HEARD_MILLISECONDS = HEARD_WITHIN // timedelta(milliseconds=1)


class ReplicaReads:
    """The part of the readers about replicas; a mixin."""

    _database: Database

    async def replica_sets(self, plugin: str | None = None) -> Sequence[ReplicaSet]:
        """See the port."""
        oldest = {"$subtract": ["$$NOW", HEARD_MILLISECONDS]}
        pipeline: list[Document] = [
            {"$match": {} if plugin is None else {"plugin": plugin}},
            {"$sort": {"_id": 1}},
            {"$set": {"heard": {"$gte": ["$reported", oldest]}}},
        ]
        with translated_errors():
            documents = await (await self._database.replicas.aggregate(pipeline)).to_list()
        return readable("replicas", _replica_set, documents)


async def load_sets(database: Database, keys: frozenset[str]) -> dict[str, ReplicaSet]:
    """The sets with these keys; an unreadable one is missing."""
    if not keys:
        return {}
    documents = await database.replicas.find({"_id": {"$in": list(keys)}}).to_list()
    return {one.key: one for one in readable("replicas", _replica_set, documents)}


def with_their_runners(needs: Needs, sets: Iterable[ReplicaSet]) -> Needs:
    """The same needs, and the runners of these replicas."""
    runners = {replica.runner for one in sets for replica in one.replicas}
    return replace(needs, runners=needs.runners | runners) if runners else needs


def set_writes(sets: Sequence[ReplicaSet]) -> tuple[list[Document], list[Statement]]:
    """New sets as documents, and the changes of others, each guarded by the `rev` before it."""
    return by_revision((one.key, _document(one)) for one in sets)


def _document(one: ReplicaSet) -> Document:
    return one.model_dump(mode="json", exclude={"heard"}) | {
        "reported": one.reported,
        "wished": one.wished.model_dump(mode="python") if one.wished else None,
    }


def _replica_set(document: Document) -> ReplicaSet:
    return ReplicaSet.model_validate(without_key(document))
