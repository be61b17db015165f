"""The sentences of the plugin `altoconvert`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "altoconvert"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

NO_TEXTS = _code(
    "no_texts",
    "there are no texts where the template looks for them (%(pattern)s)",
    de="Wo die Vorlage Texte sucht (%(pattern)s), gibt es keine",
)
WORDS_DIFFER = _code(
    "words_differ",
    "%(lost)s word(s) of the source are not in the ALTO file, and %(added)s are only there: %(shown)s",
    de="%(lost)s Wörter der Quelle fehlen in der ALTO-Datei, und %(added)s stehen nur dort: %(shown)s",
)
OTHER_UNIT = _code(
    "other_unit",
    "its places are in %(unit)s, and the file does not say how many of them are a pixel",
    de="Ihre Maße sind in %(unit)s, und die Datei sagt nicht, wie viele davon ein Pixel sind",
)
NO_SIZE = _code(
    "no_size",
    "the file does not say how large the page is",
    de="Die Datei sagt nicht, wie groß die Seite ist",
)
BLANK = _code("blank", "it has no text", de="Sie hat keinen Text")
