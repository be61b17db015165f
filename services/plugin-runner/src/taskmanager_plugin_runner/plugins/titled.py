"""What every template file says for people: its title, in English and by language."""

from collections.abc import Mapping

from pydantic import Field

from taskmanager.model.jobs import Record, ShortText
from taskmanager.model.manifest import Language, Translated


class Titled(Record):
    """Base of all template files. `title_in` has the title by language (`title_in.de = "..."`)."""

    title: ShortText
    title_in: dict[Language, ShortText] = Field(default_factory=dict)


def titles_of(templates: Mapping[str, Titled]) -> list[Translated]:
    """The titles of all templates, in their order."""
    return [(one.title, one.title_in) for one in templates.values()]
