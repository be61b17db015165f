"""What shipped plugins say for people, they say in every language of the pages."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

import pytest

from taskmanager.model.manifest import TITLED_MOST, PluginManifest, title_texts
from taskmanager.plugin_api import PluginTexts
from taskmanager.plugin_api.interface import ENTRY_POINT_GROUP
from taskmanager.plugin_api.words import titles
from taskmanager_gateway.web.shell.languages import LANGUAGES

TRANSLATED = [language for language in LANGUAGES if language != "en"]
SAME_IN_GERMAN = {"EPUB", "JPEG 2000", "PDF"}
"""Names of formats."""
MODULE = "taskmanager_plugin_runner.plugins."


def shipped() -> list[PluginManifest]:
    found = [one for one in entry_points(group=ENTRY_POINT_GROUP) if one.value.startswith(MODULE)]
    return [one.load()().manifest for one in found]


def parameters() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for manifest in shipped():
        declared: Any = manifest.parameters.get("properties", {})
        yield from ((f"{manifest.name}.{name}", schema) for name, schema in declared.items())


def test_there_are_as_many_plugins_as_the_readme_names() -> None:
    assert len(shipped()) == 15


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_plugin_has_a_title(language: str) -> None:
    for manifest in shipped():
        title = manifest.texts["title"]
        assert title.english == manifest.title
        translated = title.translations[language]
        assert (translated == manifest.title) == (manifest.title in SAME_IN_GERMAN), manifest.name
        assert manifest.title_in(language) == translated


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_template_has_a_title(language: str) -> None:
    for manifest in shipped():
        aliases = {"jp2validate", "tiff.template"}  # what older installations call a default
        for name in set(manifest.templates) - aliases:
            said = manifest.template_title_in(language, name), manifest.template_title_in("en", name)
            assert all(said), f"{manifest.name}: {name}"
            assert said[0] != said[1], f"{manifest.name}: {name}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_parameter_has_a_title_and_its_description(language: str) -> None:
    lacking = [
        name
        for name, schema in parameters()
        if not (schema.get("title") and schema.get("x-titles", {}).get(language))
        or bool(schema.get("description")) != bool(schema.get("x-descriptions", {}).get(language))
    ]
    assert not lacking


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_code_has_a_sentence(language: str) -> None:
    for manifest in shipped():
        lacking = [name for name, text in manifest.texts.items() if language not in text.translations]
        assert not lacking, manifest.name


def test_a_plugin_without_titles_has_its_only_one_in_every_language() -> None:
    manifest = PluginManifest(name="own", title="Maps", job_type="MAPS", templates=("a4",))
    assert manifest.title_in("de") == manifest.title_in("en") == "Maps"
    assert manifest.template_title_in("de", "a4") == ""


def test_a_title_without_a_translation_is_english() -> None:
    manifest = PluginManifest(
        name="own",
        title="Maps",
        job_type="MAPS",
        templates=("a4", "a3"),
        texts=title_texts(("Maps", {"fr": "Cartes"}), [("100 %", {}), ("Large", {"de": "Groß"})]),
    )
    assert [manifest.title_in(one) for one in ("fr", "de")] == ["Cartes", "Maps"]
    assert [manifest.template_title_in("de", one) for one in manifest.templates] == ["100 %", "Groß"]


def test_an_author_writes_titles_by_language() -> None:
    manifest = PluginManifest(
        name="own", title="50 % off", job_type="X", texts=titles("50 % off", de="50 % weniger")
    )
    assert manifest.title_in("de") == "50 % weniger"


def test_a_code_that_is_called_title_by_chance_is_no_title() -> None:
    texts = PluginTexts("own")
    texts.code("title", "the title is missing", de="der Titel fehlt")
    manifest = PluginManifest(name="own", title="Maps", job_type="MAPS", texts=texts.sentences)
    assert manifest.title_in("de") == "Maps"


def test_more_templates_than_have_titles_are_no_obstacle() -> None:
    names = [f"t{number}" for number in range(TITLED_MOST + 300)]
    manifest = PluginManifest(
        name="own",
        title="Maps",
        job_type="MAPS",
        templates=tuple(names),
        texts=title_texts(("Maps", {}), [(name.upper(), {}) for name in names]),
    )
    assert manifest.template_title_in("de", names[TITLED_MOST - 1]) == f"T{TITLED_MOST - 1}"
    assert manifest.template_title_in("de", names[TITLED_MOST]) == ""
