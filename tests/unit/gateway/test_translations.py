"""Every sentence of the pages has a translation, with the same places to fill."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from taskmanager.model.states import MEANING
from taskmanager_gateway import web
from taskmanager_gateway.http.problems import KINDS
from taskmanager_gateway.jobs.columns import COLUMNS
from taskmanager_gateway.web.shell.languages import CATALOGUES, LANGUAGES, choose, translations
from taskmanager_gateway.web.shell.status_words import ERROR_WORDS, STATUS_WORDS

FOLDER = Path(web.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {
    "**.py": {},
    "templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true", "trimmed": "true"},
}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "text": (2,)}
PLACES = re.compile(r"%\((\w+)\)")


def used() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for name, line, message, _, __ in extract_from_dir(
        FOLDER, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        yield f"{name}:{line}", message
    for kind in KINDS:
        yield f"problems: {kind.name}", kind.title
    for column in COLUMNS:
        for shown in filter(None, (column.queue, column.ended)):
            yield f"columns: {column.name}", shown.title
    for status, (meaning, _, __) in MEANING.items():
        yield f"states: {status}", meaning
        yield f"status_words: {status}", STATUS_WORDS[status]
    for name, words in ERROR_WORDS.items():
        yield f"error_words: {name}", words


TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    known = translations(language)
    missing = {}
    for place, message in used():
        one = message if isinstance(message, str) else message[0]
        if known._catalog.get(one) is None and known._catalog.get((one, 0)) is None:
            missing[one] = place
    assert not missing, "\n".join(f'{place}: "{sentence}"' for sentence, place in missing.items())


def catalogues() -> list[Path]:
    return sorted(CATALOGUES.rglob("*.po"))


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_translation_fills_the_same_places(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file, locale=path.parent.name):
            if not message.id:
                continue
            sources = [message.id] if isinstance(message.id, str) else list(message.id)
            targets = [message.string] if isinstance(message.string, str) else list(message.string or ())
            assert all(targets), f"{path.name}:{message.lineno} is empty: {sources[0]}"
            wanted = set(PLACES.findall(sources[-1]))
            for target in targets:
                assert set(PLACES.findall(target)) <= wanted, f"{path.name}: {target}"


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        ("de", "en", "de"),
        (None, "de-AT,de;q=0.9,en;q=0.5", "de"),
        (None, "fr,en;q=0.2,de;q=0.8", "de"),
        (None, "fr", "en"),
        ("xx", "", "en"),
        (None, "de;q=0,en;q=0.1", "en"),
        (None, ";;;q=x,\0", "en"),
    ],
)
def test_the_reader_s_choice_counts_then_the_browser_s(
    wanted: str | None, accepted: str, language: str
) -> None:
    assert choose(wanted, accepted) == language
