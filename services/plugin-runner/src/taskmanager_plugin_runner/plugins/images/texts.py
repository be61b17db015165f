"""The sentences of the plugin `images`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "images"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What was noticed about a page.
TOO_SKEW = _code(
    "too_skew",
    "it seems to be skew by %(angle)s degrees, more than the limit of %(limit)s; it was not turned",
    de="Sie scheint um %(angle)s Grad schief zu sein, mehr als die Grenze von %(limit)s; nicht gedreht",
)
NOT_STRAIGHTER = _code(
    "not_straighter",
    "turned by %(angle)s degrees it was not straighter, so it was left as it is",
    de="Um %(angle)s Grad gedreht war sie nicht gerader, deshalb bleibt sie, wie sie ist",
)
NO_EDGE = _code(
    "no_edge",
    "its edge stands out, but no page of a plausible shape was found; it was not cropped",
    de="Ihr Rand hebt sich ab, aber es wurde keine Seite von plausibler Form gefunden; nicht beschnitten",
)
FAINT = _code(
    "faint",
    "the watermark can hardly be seen there",
    de="Das Wasserzeichen ist dort kaum zu sehen",
)

# What cannot be done.
NO_GLYPH = _code(
    "no_glyph",
    "the font %(font)s has no %(letter)s: name one that has in the template (font)",
    de="Die Schrift %(font)s hat kein %(letter)s: Nennen Sie in der Vorlage eine, die es hat (font)",
)
NO_FONT = _code(
    "no_font",
    "the font %(font)s cannot be read: %(error)s",
    de="Die Schrift %(font)s lässt sich nicht lesen: %(error)s",
)
NO_MARK = _code(
    "no_mark",
    "the picture of the watermark, %(path)s, cannot be read: %(error)s",
    de="Das Bild des Wasserzeichens, %(path)s, lässt sich nicht lesen: %(error)s",
)
TOO_LARGE = _code(
    "too_large",
    "a %(format)s has at most %(most)s pixels a side; this one would have %(width)s x %(height)s",
    de="Ein %(format)s hat höchstens %(most)s Pixel je Seite; dieses hätte %(width)s x %(height)s",
)
NOT_AS_TURNED = _code(
    "not_as_turned",
    "the picture turned and cropped is not what another program makes of it: %(error)s",
    de="Das gedrehte und beschnittene Bild ist nicht, was ein anderes Programm daraus macht: %(error)s",
)
