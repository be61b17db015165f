"""The sentences of the plugin `dropfolder`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "dropfolder"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What the job asks for, and the template.
NO_TEMPLATE = _code(
    "no_template",
    "the job names no template for an engine; known: %(known)s",
    de="Der Job nennt keine Vorlage für ein Programm mit überwachten Ordnern; bekannt sind: %(known)s",
)
NO_FOLDER = _code(
    "no_folder",
    "the folder %(folder)s of the engine is not there: is it mounted?",
    de="Der Ordner %(folder)s des Programms ist nicht da: ist er eingehängt?",
)
RESERVED_NAME = _code(
    "reserved_name",
    "%(name)s has the name of a file that the template puts beside the pictures",
    de="%(name)s heißt wie eine Datei, die die Vorlage neben die Bilder legt",
)

AWAY = _code(
    "away",
    "the folders of the engine cannot be used: %(error)s",
    de="Die Ordner des Programms sind nicht benutzbar: %(error)s",
)
NOT_TIDIED = _code(
    "not_tidied",
    "the ticket %(ticket)s could not be taken back: %(error)s",
    de="Das Paket %(ticket)s konnte nicht zurückgenommen werden: %(error)s",
)

# What the engine does.
SILENT = _code(
    "silent",
    "the engine has not done anything for %(seconds)s s with the ticket %(ticket)s",
    de="Das Programm hat seit %(seconds)s s nichts mit dem Paket %(ticket)s getan",
)
FULL = _code(
    "full",
    "the input folder %(folder)s has had no room for %(seconds)s s: %(reason)s",
    de="Im Eingangsordner %(folder)s ist seit %(seconds)s s kein Platz: %(reason)s",
)
WAITING = _code(
    "waiting",
    "%(number)s tickets wait in it, the most are %(most)s",
    de="%(number)s Pakete warten darin, höchstens sind es %(most)s",
)
FAILED = _code(
    "failed",
    "the engine reports an error for the ticket %(ticket)s: %(said)s",
    de="Das Programm meldet einen Fehler für das Paket %(ticket)s: %(said)s",
)
NOT_SAID = _code("not_said", "it gives no reason", de="Es nennt keinen Grund")
INCOMPLETE = _code(
    "incomplete",
    "the engine has ended the ticket %(ticket)s without %(number)s of its results: %(names)s",
    de="Das Programm hat das Paket %(ticket)s ohne %(number)s seiner Ergebnisse beendet: %(names)s",
)
TWICE = _code(
    "twice",
    "the engine has answered twice with different files: %(first)s and %(second)s",
    de="Das Programm hat zweimal mit verschiedenen Dateien geantwortet: %(first)s und %(second)s",
)
ANSWERED_AGAIN = _code(
    "answered_again",
    "the engine had answered again for the ticket %(ticket)s, whose results were fetched before; "
    "they were removed",
    de="Das Programm hatte für das Paket %(ticket)s, dessen Ergebnisse schon geholt waren, noch einmal "
    "geantwortet; sie wurden entfernt",
)
NOT_ASKED = _code(
    "not_asked",
    "the engine has answered with %(name)s, which belongs to no picture of the ticket %(ticket)s",
    de="Das Programm hat mit %(name)s geantwortet, was zu keinem Bild des Pakets %(ticket)s gehört",
)
TAKEN_BACK = _code(
    "taken_back",
    "the ticket %(ticket)s was taken back before the engine began with it",
    de="Das Paket %(ticket)s wurde zurückgenommen, bevor das Programm damit begann",
)
LEFT_TO_IT = _code(
    "left_to_it",
    "the engine has begun with the ticket %(ticket)s, which therefore stays there",
    de="Das Programm hat mit dem Paket %(ticket)s begonnen, das darum dort bleibt",
)

# What is wrong with a result.
EMPTY = _code("empty", "the result %(name)s is empty", de="Das Ergebnis %(name)s ist leer")
NOT_WELL_FORMED = _code(
    "not_well_formed",
    "the result %(name)s is not well-formed: %(error)s",
    de="Das Ergebnis %(name)s ist nicht wohlgeformt: %(error)s",
)
NO_PDF = _code(
    "no_pdf",
    "the result %(name)s is no complete PDF",
    de="Das Ergebnis %(name)s ist kein vollständiges PDF",
)
OTHER_SIZE = _code(
    "other_size",
    "the result %(name)s has %(found)s pixels and its picture %(wanted)s",
    de="Das Ergebnis %(name)s hat %(found)s Pixel und sein Bild %(wanted)s",
)
