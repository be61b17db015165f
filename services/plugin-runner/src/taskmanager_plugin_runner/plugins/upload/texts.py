"""The sentences of the plugin `upload`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "upload"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What the job asks for.
NO_TARGET = _code(
    "no_target",
    "the job names no target; known: %(known)s",
    de="Der Job nennt kein Ziel; bekannt sind: %(known)s",
)
NOTHING = _code("nothing", "there is no file to upload", de="Es gibt keine Datei zum Hochladen")
BAD_NAME = _code(
    "bad_name",
    "%(name)s cannot be the name of a folder at the target",
    de="%(name)s kann kein Ordnername am Ziel sein",
)

# What is there already.
ALREADY_THERE = _code(
    "already_there",
    "%(where)s is there already with the same content; nothing was sent",
    de="%(where)s ist mit demselben Inhalt schon vorhanden; es wurde nichts gesendet",
)
OTHER_THERE = _code(
    "other_there",
    "%(where)s is there already with another content (%(detail)s); nothing was sent",
    de="%(where)s ist mit anderem Inhalt schon vorhanden (%(detail)s); es wurde nichts gesendet",
)
RAN_BEFORE = _code(
    "ran_before",
    "this is attempt %(attempt)s: an earlier one may have run the command of the target, which is not "
    "declared as repeatable; check what has arrived, then submit a new job",
    de="Dies ist Versuch %(attempt)s: ein früherer hat den Befehl des Ziels vielleicht ausgeführt, und der "
    "ist nicht als wiederholbar erklärt; prüfen Sie, was angekommen ist, und stellen Sie einen neuen Job",
)

# What is wrong at the other side.
MISSING = _code("missing", "%(name)s is missing", de="%(name)s fehlt")
TOO_MUCH = _code("too_much", "%(name)s does not belong to it", de="%(name)s gehört nicht dazu")
OTHER_SIZE = _code(
    "other_size",
    "%(name)s has %(found)s bytes instead of %(wanted)s",
    de="%(name)s hat %(found)s Bytes statt %(wanted)s",
)
OTHER_CONTENT = _code(
    "other_content",
    "the SHA-256 of %(name)s is %(found)s instead of %(wanted)s",
    de="Der SHA-256 von %(name)s ist %(found)s statt %(wanted)s",
)
NOT_ARRIVED = _code(
    "not_arrived",
    "what was read back from %(where)s is not what was sent: %(detail)s",
    de="Was von %(where)s zurückgelesen wurde, ist nicht, was gesendet wurde: %(detail)s",
)
WRONG_HOST_KEY = _code(
    "wrong_host_key",
    "%(host)s does not show the host key that the target names; nothing was sent",
    de="%(host)s zeigt nicht den Hostschlüssel, den das Ziel nennt; es wurde nichts gesendet",
)
REFUSED = _code("refused", "%(where)s refuses it: %(error)s", de="%(where)s lehnt es ab: %(error)s")
AWAY = _code("away", "%(where)s cannot be reached: %(error)s", de="%(where)s ist nicht erreichbar: %(error)s")
LEFT_BEHIND = _code(
    "left_behind",
    "%(where)s is left behind at the target: %(error)s",
    de="%(where)s bleibt am Ziel zurück: %(error)s",
)
