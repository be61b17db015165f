"""The sentences of the plugin `epub`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "epub"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

NO_TEXTS = _code(
    "no_texts",
    "there are no texts where the template looks for them (%(pattern)s)",
    de="Wo die Vorlage Texte sucht (%(pattern)s), gibt es keine",
)
SAME_PAGE = _code(
    "same_page",
    "%(name)s and %(other)s are the same page by their names",
    de="%(name)s und %(other)s sind ihren Namen nach dieselbe Seite",
)
NO_TEXT = _code(
    "no_text",
    "%(number)s page(s) have no text: %(pages)s",
    de="%(number)s Seite(n) haben keinen Text: %(pages)s",
)
NO_PICTURE = _code(
    "no_picture",
    "%(number)s page(s) have no picture: %(pages)s",
    de="%(number)s Seite(n) haben kein Bild: %(pages)s",
)
NOT_UTF8 = _code("not_utf8", "the text is not UTF-8", de="Der Text ist nicht UTF-8")
NOT_SOUND = _code(
    "not_sound", "the EPUB is not sound: %(error)s", de="Das EPUB ist nicht in Ordnung: %(error)s"
)
