"""The sentences of the plugin `mets`, in English and German."""

from typing import Final

from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts

PLUGIN: Final = "mets"
SHARED: Final = ValidationTexts(PLUGIN)
_code = SHARED.own.code

# The job.
NO_DOCUMENT = _code(
    "no_document",
    "the source holds no METS document (%(wanted)s)",
    de="Die Quelle enthält kein METS-Dokument (%(wanted)s)",
)

# The document.
TOO_LARGE = _code(
    "document_too_large",
    "it has %(size)s bytes; %(most)s are allowed",
    de="Es hat %(size)s Bytes; erlaubt sind %(most)s",
)
NOT_WELL_FORMED = _code(
    "not_well_formed", "it is not well-formed: %(error)s", de="Es ist nicht wohlgeformt: %(error)s"
)
HAS_DTD = _code(
    "has_dtd",
    "it declares a document type, which METS does not have and which may hold entities",
    de="Es deklariert einen Dokumenttyp, den METS nicht hat und der Entities enthalten kann",
)
NOT_METS = _code("not_mets", "its root is %(found)s, not mets", de="Die Wurzel ist %(found)s, nicht mets")
NOT_AS_SCHEMA = _code(
    "not_as_schema",
    "line %(line)s is not as %(schema)s prescribes: %(error)s",
    de="Zeile %(line)s ist nicht so, wie %(schema)s es vorschreibt: %(error)s",
)
SCHEMA_UNUSABLE = _code(
    "schema_unusable",
    "the schema %(schema)s cannot be used: %(error)s",
    de="Das Schema %(schema)s lässt sich nicht verwenden: %(error)s",
)
NO_STRUCTURE = _code(
    "no_structure",
    "it has no structMap with a div",
    de="Es hat keine structMap mit einem div",
)
ID_TWICE = _code("id_twice", "the ID %(id)s is there twice", de="Die ID %(id)s gibt es doppelt")
REFERENCE = _code(
    "reference",
    "line %(line)s: %(attribute)s names %(id)s, which is no %(kind)s here",
    de="Zeile %(line)s: %(attribute)s nennt %(id)s, was hier kein %(kind)s ist",
)
FILE_WITHOUT = _code(
    "file_without",
    "line %(line)s: a file has no %(what)s",
    de="Zeile %(line)s: Eine Datei hat kein %(what)s",
)
ORDER_TWICE = _code(
    "order_twice",
    "two divs of the physical structure have ORDER %(order)s",
    de="Zwei divs der physischen Struktur haben ORDER %(order)s",
)
UNUSED = _code(
    "unused",
    "%(number)s file(s) are in no structMap: %(names)s",
    de="%(number)s Datei(en) stehen in keiner structMap: %(names)s",
)

# The files.
FILE_MISSING = _code(
    "file_missing", "files that are not there: %(names)s", de="Dateien, die nicht da sind: %(names)s"
)
FILE_SIZE = _code(
    "file_size",
    "%(name)s has %(found)s bytes; METS says %(wanted)s",
    de="%(name)s hat %(found)s Bytes; METS sagt %(wanted)s",
)
FILE_CHANGED = _code(
    "file_changed",
    "the %(kind)s of %(name)s is %(found)s; METS says %(wanted)s",
    de="%(kind)s von %(name)s ist %(found)s; METS sagt %(wanted)s",
)
CHECKSUM_MISSING = _code(
    "checksum_missing",
    "%(number)s file(s) without a checksum: %(names)s",
    de="%(number)s Datei(en) ohne Prüfsumme: %(names)s",
)
CHECKSUM_UNKNOWN = _code(
    "checksum_unknown",
    "checksums of the kind %(kind)s were not checked",
    de="Prüfsummen der Art %(kind)s wurden nicht geprüft",
)
NOT_NAMED = _code(
    "not_named",
    "files that METS does not name: %(names)s",
    de="Dateien, die METS nicht nennt: %(names)s",
)
REMOTE = _code(
    "remote",
    "%(number)s file(s) are elsewhere (%(example)s) and were not looked at",
    de="%(number)s Datei(en) liegen anderswo (%(example)s) und wurden nicht angesehen",
)
EMPTY_GROUP = _code(
    "empty_group",
    "there is no group of files %(use)s, which the template expects",
    de="Es gibt keine Dateigruppe %(use)s, die die Vorlage erwartet",
)
