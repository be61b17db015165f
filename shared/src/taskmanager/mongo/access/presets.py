"""Presets as documents: read for decisions and for pages, written under their `rev`.

Parameters are one JSON text in them: their names are the plugins', and may hold what MongoDB takes for paths.
"""

import json
from collections.abc import Sequence

from taskmanager.model.user_content.presets import Preset
from taskmanager.mongo.base.client import Database, Document, translated_errors, without_key
from taskmanager.mongo.base.statements import Statement, by_revision
from taskmanager.mongo.base.unreadable import readable


class PresetReads:
    """The part of the readers about presets; a mixin."""

    _database: Database

    async def presets(self, owner: str) -> Sequence[Preset]:
        """See the port."""
        with translated_errors():
            found = self._database.presets.find({"owner": {"$in": [owner, None]}}).sort("_id", 1)
            documents = await found.to_list()
        return readable("presets", _preset, documents)


async def load_presets(database: Database, keys: frozenset[str]) -> dict[str, Preset]:
    """The presets with these keys; an unreadable one is missing."""
    if not keys:
        return {}
    documents = await database.presets.find({"_id": {"$in": list(keys)}}).to_list()
    return {one.key: one for one in readable("presets", _preset, documents)}


def preset_writes(presets: Sequence[Preset]) -> tuple[list[Document], list[Statement]]:
    """New presets as documents, and the changes of others, each guarded by the `rev` before it."""
    return by_revision((one.key, _document(one)) for one in presets)


def _document(one: Preset) -> Document:
    return {**one.model_dump(mode="python"), "parameters": json.dumps(one.parameters)}


def _preset(document: Document) -> Preset:
    return Preset.model_validate({**without_key(document), "parameters": json.loads(document["parameters"])})
