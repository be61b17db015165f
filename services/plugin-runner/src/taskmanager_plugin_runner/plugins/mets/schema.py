"""Holds a document against schemas in a folder of the operator. Nothing is fetched.

None is shipped: neither the METS schema nor the one of XLink that it imports says under which terms it may be
passed on.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree

from taskmanager.errors import JobFailedError
from taskmanager_plugin_runner.plugins.mets import texts
from taskmanager_plugin_runner.plugins.xml_parser import hardened_parser

_FAULTS_NAMED = 20


class _FolderResolver(etree.Resolver):  # type: ignore[misc] # lxml publishes no types
    """Answers every address with the file of the same name in the folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        """What lxml calls for each schema that another one imports."""
        del public_id
        path = self._folder / PurePosixPath(system_url or "").name
        if not path.is_file():
            raise OSError(f"{path.name} is not in {self._folder}")
        return self.resolve_filename(str(path), context)


def faults(tree: etree._ElementTree, main: Path) -> Iterator[str]:
    """Where the document is not as the schema prescribes; raises JobFailedError if that cannot be used."""
    schema = _loaded(main)
    if schema.validate(tree):
        return
    for entry in list(schema.error_log)[:_FAULTS_NAMED]:
        yield texts.NOT_AS_SCHEMA(line=entry.line, schema=main.name, error=entry.message)


@lru_cache(maxsize=4)
def _loaded(main: Path) -> etree.XMLSchema:
    parser = hardened_parser()
    parser.resolvers.add(_FolderResolver(main.parent))
    try:
        return etree.XMLSchema(etree.parse(str(main), parser))
    except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as error:
        raise JobFailedError(texts.SCHEMA_UNUSABLE(schema=main, error=error)) from error
