"""What a plugin is called, and what its parameters are called, in the languages of the pages.

For example:

    texts={**TEXTS.sentences, **titles("Text recognition", de="Texterkennung")}

    language: str = Field(title="Language", json_schema_extra=words(de=("Sprache", "als Kürzel, etwa ger")))
"""

from typing import Any

from taskmanager.model.manifest import PluginText, title_texts


def titles(english: str, **translations: str) -> dict[str, PluginText]:
    """The title of a plugin by language, for the `texts` of its manifest."""
    return title_texts((english, translations))


def words(**translations: tuple[str, str]) -> dict[str, Any]:
    """Title and description of a parameter by language, for the `json_schema_extra` of its field.

    An empty description means that there is none in English either.
    """
    descriptions = {
        language: description for language, (_, description) in translations.items() if description
    }
    return {
        "x-titles": {language: title for language, (title, _) in translations.items()},
        **({"x-descriptions": descriptions} if descriptions else {}),
    }
