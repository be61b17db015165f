"""The sentences of the plugin `ocr`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "ocr"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What the job wants and the machine has.
NO_MODEL = _code(
    "no_model",
    "there is no model for the language %(language)s; installed: %(installed)s",
    de="Für die Sprache %(language)s gibt es kein Modell; installiert sind: %(installed)s",
)
NO_FRAKTUR = _code(
    "no_fraktur",
    "there is no model for Fraktur (Fraktur or frk); installed: %(installed)s",
    de="Es gibt kein Modell für Fraktur (Fraktur oder frk); installiert sind: %(installed)s",
)
NO_ORIENTATION = _code(
    "no_orientation",
    "page segmentation %(mode)s needs the model osd; installed: %(installed)s",
    de="Die Seitensegmentierung %(mode)s braucht das Modell osd; installiert sind: %(installed)s",
)

# What was noticed about a page.
RESOLUTION_ASSUMED = _code(
    "resolution_assumed",
    "it gives no usable resolution; %(dpi)s dpi were assumed",
    de="Sie nennt keine brauchbare Auflösung; %(dpi)s dpi wurden angenommen",
)
BLANK = _code("blank", "no text was found", de="Es wurde kein Text gefunden")
UNSURE = _code(
    "unsure",
    "the words have a mean confidence of %(mean)s %%; the limit is %(limit)s %%",
    de="Die Wörter haben im Mittel eine Sicherheit von %(mean)s %%; die Grenze ist %(limit)s %%",
)

# What is wrong with a result.
TOOL_COMPLAINS = _code("tool_complains", "tesseract reports: %(said)s", de="tesseract meldet: %(said)s")
RESULT_MISSING = _code(
    "result_missing", "tesseract made no %(suffix)s", de="tesseract hat kein %(suffix)s erzeugt"
)
NOT_WELL_FORMED = _code(
    "not_well_formed",
    "the result %(name)s is not well-formed: %(error)s",
    de="Das Ergebnis %(name)s ist nicht wohlgeformt: %(error)s",
)
NOT_AS_ALTO = _code(
    "not_as_alto",
    "line %(line)s of the ALTO file is not as ALTO 4 prescribes: %(error)s",
    de="Zeile %(line)s der ALTO-Datei ist nicht so, wie ALTO 4 es vorschreibt: %(error)s",
)
PAGES_IN_RESULT = _code(
    "pages_in_result",
    "the result %(name)s has %(number)s pages instead of one",
    de="Das Ergebnis %(name)s hat %(number)s Seiten statt einer",
)
SIZE_IN_RESULT = _code(
    "size_in_result",
    "the result %(name)s is about a page of %(found)s, but the picture has %(wanted)s",
    de="Das Ergebnis %(name)s handelt von einer Seite von %(found)s, das Bild hat aber %(wanted)s",
)
WORDS_DIFFER = _code(
    "words_differ",
    "%(name)s has %(number)s words and the ALTO file %(wanted)s",
    de="%(name)s hat %(number)s Wörter und die ALTO-Datei %(wanted)s",
)
OUTSIDE = _code(
    "outside",
    "the word %(word)s lies outside the page",
    de="Das Wort %(word)s liegt außerhalb der Seite",
)
