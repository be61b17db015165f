"""The sentences of the plugin `checksums`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "checksums"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# Lists of checksums.
NO_LIST = _code(
    "no_list",
    "the source holds no list of checksums (such as checksums/book.sha512 or manifest-md5.txt)",
    de="Die Quelle enthält keine Liste von Prüfsummen (wie checksums/buch.sha512 oder manifest-md5.txt)",
)
NOT_A_LINE = _code(
    "not_a_line",
    "line %(line)s of %(list)s is no checksum of this kind with a name",
    de="Zeile %(line)s von %(list)s ist keine Prüfsumme dieser Art mit einem Namen",
)
LISTED_TWICE = _code(
    "listed_twice",
    "line %(line)s of %(list)s gives another checksum for %(name)s than an earlier line",
    de="Zeile %(line)s von %(list)s nennt für %(name)s eine andere Prüfsumme als eine frühere Zeile",
)
LISTS_DISAGREE = _code(
    "lists_disagree",
    "%(list)s and another list give different checksums for %(name)s",
    de="%(list)s und eine andere Liste nennen verschiedene Prüfsummen für %(name)s",
)
LIST_EMPTY = _code("list_empty", "%(list)s names no file", de="%(list)s nennt keine Datei")
LIST_TOO_LARGE = _code(
    "list_too_large",
    "%(list)s has %(size)s bytes; a list may have %(most)s",
    de="%(list)s hat %(size)s Bytes; eine Liste darf %(most)s haben",
)

# What has become of the files.
CHANGED = _code("changed", "changed: %(names)s", de="geändert: %(names)s")
MISSING = _code("missing", "missing: %(names)s", de="fehlt: %(names)s")
NEW = _code("new", "in no list: %(names)s", de="in keiner Liste: %(names)s")
FILE_CHANGED = _code(
    "file_changed",
    "its %(algorithm)s is %(found)s; the list says %(listed)s",
    de="%(algorithm)s ist %(found)s; die Liste sagt %(listed)s",
)
FILE_MISSING = _code(
    "file_missing", "a list names it, but it is not there", de="Eine Liste nennt sie, aber sie ist nicht da"
)
FILE_NEW = _code("file_new", "it is in no list", de="Sie steht in keiner Liste")
NOT_AS_LISTED = _code(
    "not_as_listed",
    "%(number)s of %(total)s file(s) are not as listed (%(details)s)",
    de="%(number)s von %(total)s Datei(en) sind nicht wie in der Liste (%(details)s)",
)

# What is wrong with a result.
NOT_CONFIRMED = _code(
    "not_confirmed",
    "the checksums were not the same when %(program)s read the files again; the log names them: %(error)s",
    de="Die Prüfsummen waren anders, als %(program)s die Dateien noch einmal las; das Protokoll nennt sie: "
    "%(error)s",
)
LINES_IN_RESULT = _code(
    "lines_in_result",
    "the list has %(number)s lines instead of %(wanted)s",
    de="Die Liste hat %(number)s Zeilen statt %(wanted)s",
)
REPORT_DIFFERS = _code(
    "report_differs",
    "the report does not say what was found when it is read again",
    de="Der Bericht sagt nicht, was gefunden wurde, wenn man ihn wieder liest",
)
BAG_INVALID = _code(
    "bag_invalid", "the bag is not valid: %(error)s", de="Der Beutel (bag) ist nicht gültig: %(error)s"
)
BAG_NAME = _code(
    "bag_name",
    "%(name)s cannot be put into a bag: programs disagree on how a name with %(what)s is written there",
    de="%(name)s kann nicht in einen Beutel (bag): Einen Namen mit %(what)s schreiben Programme dort "
    "verschieden",
)
BAG_ALGORITHM = _code(
    "bag_algorithm",
    "the bag lists %(name)s with no checksum that is known here (%(known)s)",
    de="Der Beutel (bag) nennt für %(name)s keine Prüfsumme, die hier bekannt ist (%(known)s)",
)
