"""The sentences of the plugin `pdf`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "pdf"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# The source.
NO_PICTURES = _code(
    "no_pictures",
    "there are no pictures where the template looks for them (%(pattern)s)",
    de="Wo die Vorlage Bilder sucht (%(pattern)s), gibt es keine",
)
SAME_PAGE = _code(
    "same_page",
    "%(name)s and %(other)s are the same page by their names",
    de="%(name)s und %(other)s sind ihren Namen nach dieselbe Seite",
)
SAME_NAME = _code(
    "same_name",
    "the PDF of the book and that of a page would both be %(name)s: set the parameter name",
    de="Das PDF des Buchs und das einer Seite hießen beide %(name)s: setzen Sie den Parameter name",
)
NO_SUCH_PAGES = _code(
    "no_such_pages",
    "the parameter pages names %(pages)s, but the book has %(number)s page(s)",
    de="Der Parameter pages nennt %(pages)s, das Buch hat aber %(number)s Seite(n)",
)
NO_TEXT = _code("no_text", "it has no ALTO file", de="Zu ihr gibt es keine ALTO-Datei")
TEXTS_WITHOUT_PAGE = _code(
    "texts_without_page",
    "%(number)s ALTO file(s) belong to no page: %(names)s",
    de="%(number)s ALTO-Datei(en) gehören zu keiner Seite: %(names)s",
)
OTHER_SHAPE = _code(
    "other_shape",
    "the ALTO file %(name)s is about a page of %(found)s, but the picture has %(wanted)s",
    de="Die ALTO-Datei %(name)s handelt von einer Seite von %(found)s, das Bild hat aber %(wanted)s",
)

# What was noticed about a page.
RESOLUTION_ASSUMED = _code(
    "resolution_assumed",
    "it gives no usable resolution; %(dpi)s dpi were assumed",
    de="Sie nennt keine brauchbare Auflösung; %(dpi)s dpi wurden angenommen",
)
WORDS_WITHOUT_PLACE = _code(
    "words_without_place",
    "%(number)s word(s) have no place on the page and were left out",
    de="%(number)s Wörter haben keinen Platz auf der Seite und wurden weggelassen",
)

# What is wrong with a result.
NOT_SOUND = _code(
    "not_sound", "the PDF is not sound: %(error)s", de="Das PDF ist nicht in Ordnung: %(error)s"
)
PAGES_IN_RESULT = _code(
    "pages_in_result",
    "the PDF has %(found)s page(s) instead of %(wanted)s",
    de="Das PDF hat %(found)s Seite(n) statt %(wanted)s",
)
TEXT_LOST = _code(
    "text_lost",
    "of %(wanted)s characters of page %(page)s, pdftotext does not find %(lost)s",
    de="Von %(wanted)s Zeichen der Seite %(page)s findet pdftotext %(lost)s nicht",
)
OTHER_PICTURE = _code(
    "other_picture",
    "page %(page)s of the PDF does not look like its picture: %(error)s",
    de="Die Seite %(page)s des PDFs sieht nicht aus wie ihr Bild: %(error)s",
)
