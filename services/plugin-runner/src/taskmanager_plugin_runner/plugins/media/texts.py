"""The sentences of the plugin `media`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "media"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What is wrong with a source.
NOTHING_IN_IT = _code(
    "nothing_in_it",
    "it holds neither moving pictures nor sound",
    de="Sie enthält weder bewegte Bilder noch Ton",
)
NO_DURATION = _code(
    "no_duration",
    "it does not say how long it lasts",
    de="Sie sagt nicht, wie lange sie dauert",
)
NOT_WANTED = _code(
    "not_wanted",
    "the template makes nothing of %(what)s",
    de="Die Vorlage macht nichts aus %(what)s",
)
DAMAGED = _code(
    "damaged",
    "not every frame can be decoded: %(said)s",
    de="Nicht jedes Bild und jeder Ton lässt sich dekodieren: %(said)s",
)
STREAMS_LEFT_OUT = _code(
    "streams_left_out",
    "%(number)s stream(s) of other kinds (%(kinds)s) are not in the copies",
    de="%(number)s Ströme anderer Art (%(kinds)s) sind nicht in den Kopien",
)
ONE_SOUND = _code(
    "one_sound",
    "it has %(number)s streams of sound; the copies of sound alone have the first",
    de="Sie hat %(number)s Tonspuren; die reinen Tonkopien haben die erste",
)

# What is wrong with a result.
ODD_ANSWER = _code(
    "odd_answer",
    "ffprobe says nothing useful about %(name)s",
    de="ffprobe sagt über %(name)s nichts Brauchbares",
)
RESULT_DAMAGED = _code(
    "result_damaged",
    "the result %(name)s cannot be decoded to its end: %(said)s",
    de="Das Ergebnis %(name)s lässt sich nicht bis zum Ende dekodieren: %(said)s",
)
NO_RESULT = _code("no_result", "ffmpeg made no %(name)s", de="ffmpeg hat kein %(name)s erzeugt")
SAMPLES_DIFFER = _code(
    "samples_differ",
    "the result %(name)s does not have the samples of the source: FLAC holds integers of up to 24 bits",
    de="Das Ergebnis %(name)s hat nicht die Samples der Quelle: FLAC fasst ganze Zahlen bis 24 Bit",
)
RESULT_DIFFERS = _code(
    "result_differs",
    "the result %(name)s is not as it should be: %(what)s is %(found)s instead of %(wanted)s",
    de="Das Ergebnis %(name)s ist nicht, wie es sein soll: %(what)s ist %(found)s statt %(wanted)s",
)
