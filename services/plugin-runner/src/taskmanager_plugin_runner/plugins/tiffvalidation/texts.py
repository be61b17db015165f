"""The sentences of the plugin `tiffvalidation`, in English and German."""

from typing import Final

from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts

PLUGIN: Final = "tiffvalidation"
SHARED: Final = ValidationTexts(PLUGIN)
_code = SHARED.own.code

# The structure of the file.
NOT_TIFF = _code("not_tiff", "it is %(format)s, not TIFF", de="Das ist %(format)s, nicht TIFF")
HEADER_CUT = _code("header_cut", "the file ends within its header", de="Die Datei endet in ihrem Kopf")
NO_DIRECTORY = _code("no_directory", "it names no image", de="Sie nennt kein Bild")
DIRECTORY_OUTSIDE = _code(
    "directory_outside",
    "directory %(number)s would be at byte %(position)s, but the file ends at %(end)s",
    de="Verzeichnis %(number)s läge bei Byte %(position)s, aber die Datei endet bei %(end)s",
)
DIRECTORY_CUT = _code(
    "directory_cut",
    "directory %(number)s at byte %(position)s is cut off by the end of the file",
    de="Verzeichnis %(number)s bei Byte %(position)s wird vom Ende der Datei abgeschnitten",
)
DIRECTORY_EMPTY = _code(
    "directory_empty", "directory %(number)s has no entry", de="Verzeichnis %(number)s hat keinen Eintrag"
)
LOOP = _code(
    "loop",
    "directory %(number)s is the one at byte %(position)s again: the chain has no end",
    de="Verzeichnis %(number)s ist wieder das bei Byte %(position)s: Die Kette hat kein Ende",
)
TOO_MANY_DIRECTORIES = _code(
    "too_many_directories",
    "it has more than %(most)s directories",
    de="Sie hat mehr als %(most)s Verzeichnisse",
)
TAG_ORDER = _code(
    "tag_order",
    "tag %(tag)s of directory %(number)s is out of order or there twice",
    de="Tag %(tag)s in Verzeichnis %(number)s steht nicht in der Reihenfolge oder doppelt",
)
VALUE_OUTSIDE = _code(
    "value_outside",
    "the value of tag %(tag)s of directory %(number)s lies beyond the end of the file",
    de="Der Wert von Tag %(tag)s in Verzeichnis %(number)s liegt hinter dem Ende der Datei",
)
TYPE_UNKNOWN = _code(
    "type_unknown",
    "tag %(tag)s of directory %(number)s has the unknown type %(type)s",
    de="Tag %(tag)s in Verzeichnis %(number)s hat den unbekannten Typ %(type)s",
)
ODD_OFFSET = _code(
    "odd_offset",
    "directory %(number)s begins at an odd byte, which TIFF 6.0 does not allow",
    de="Verzeichnis %(number)s beginnt an einem ungeraden Byte, was TIFF 6.0 nicht erlaubt",
)
TAG_MISSING = _code("tag_missing", "tag %(tag)s (%(name)s) is missing", de="Tag %(tag)s (%(name)s) fehlt")
COUNTS_DIFFER = _code(
    "counts_differ",
    "%(walked)s directories hold an image, but the reader finds %(read)s",
    de="%(walked)s Verzeichnisse enthalten ein Bild, aber der Leser findet %(read)s",
)
UNREADABLE = _code("unreadable", "it cannot be read: %(detail)s", de="Sie lässt sich nicht lesen: %(detail)s")
NOT_UNDERSTOOD = _code(
    "not_understood",
    "every strip was decoded, but what the samples mean was not understood: %(detail)s",
    de="Jeder Streifen wurde dekodiert, aber die Bedeutung der Samples nicht verstanden: %(detail)s",
)

# The profile.
COMPRESSION = _code(
    "compression",
    "its compression is %(found)s; the profile allows %(wanted)s",
    de="Die Kompression ist %(found)s; das Profil erlaubt %(wanted)s",
)
PHOTOMETRIC = _code(
    "photometric",
    "its colour is %(found)s; the profile allows %(wanted)s",
    de="Die Farbe ist %(found)s; das Profil erlaubt %(wanted)s",
)
BITS = _code(
    "bits",
    "its samples have %(found)s bits; the profile allows %(wanted)s",
    de="Die Samples haben %(found)s Bit; das Profil erlaubt %(wanted)s",
)
RESOLUTION_MISSING = _code("resolution_missing", "it gives no resolution", de="Sie nennt keine Auflösung")
RESOLUTION = _code(
    "resolution",
    "its resolution is %(found)s dpi; the profile allows %(least)s to %(most)s",
    de="Die Auflösung ist %(found)s dpi; das Profil erlaubt %(least)s bis %(most)s",
)
ICC_MISSING = _code("icc_missing", "it has no colour profile", de="Sie hat kein Farbprofil")
ICC_PRESENT = _code(
    "icc_present",
    "it has the colour profile %(found)s, and the profile of the job allows none",
    de="Sie hat das Farbprofil %(found)s, und das Profil des Jobs erlaubt keines",
)
ICC_OTHER = _code(
    "icc_other",
    "its colour profile is %(found)s; the profile of the job allows %(wanted)s",
    de="Das Farbprofil ist %(found)s; das Profil des Jobs erlaubt %(wanted)s",
)
PAGES = _code(
    "pages",
    "it has %(found)s page(s); the profile allows %(least)s to %(most)s",
    de="Sie hat %(found)s Seite(n); das Profil erlaubt %(least)s bis %(most)s",
)
BYTE_ORDER = _code(
    "byte_order",
    "its byte order is %(found)s; the profile allows %(wanted)s",
    de="Die Bytereihenfolge ist %(found)s; das Profil erlaubt %(wanted)s",
)
BIG_TIFF = _code("big_tiff", "it is a BigTIFF", de="Das ist ein BigTIFF")
ORIENTATION = _code(
    "orientation",
    "its orientation is %(found)s; the profile allows %(wanted)s",
    de="Die Ausrichtung ist %(found)s; das Profil erlaubt %(wanted)s",
)
TAG_FORBIDDEN = _code(
    "tag_forbidden",
    "it has tag %(tag)s, which the profile forbids",
    de="Sie hat Tag %(tag)s, das das Profil verbietet",
)
TAG_REQUIRED = _code(
    "tag_required",
    "it lacks tag %(tag)s, which the profile requires",
    de="Ihr fehlt Tag %(tag)s, das das Profil verlangt",
)
CHECK = _code(
    "check",
    "%(xpath)s is %(found)s instead of %(wanted)s",
    de="%(xpath)s ist %(found)s statt %(wanted)s",
)
