"""The sentences of the plugin `download`, in English and German."""

from typing import Final

from taskmanager.plugin_api.texts import PluginTexts

PLUGIN: Final = "download"
TEXTS: Final = PluginTexts(PLUGIN)
_code = TEXTS.code

# What the job asks for.
NO_ITEM = _code(
    "no_item",
    "the job names nothing to download: set the parameter item to an identifier of the Internet Archive or "
    "the address of a IIIF manifest",
    de="Der Job nennt nichts zum Herunterladen: setzen Sie den Parameter item auf einen Bezeichner des "
    "Internet Archive oder die Adresse eines IIIF-Manifests",
)
BAD_ITEM = _code(
    "bad_item",
    "%(item)s is neither an identifier of the Internet Archive nor an address",
    de="%(item)s ist weder ein Bezeichner des Internet Archive noch eine Adresse",
)

# Where requests may go.
HOST_REFUSED = _code(
    "host_refused",
    "the template does not allow requests to %(host)s (%(url)s)",
    de="Die Vorlage erlaubt keine Anfragen an %(host)s (%(url)s)",
)
ADDRESS_REFUSED = _code(
    "address_refused",
    "%(host)s has the address %(address)s, which is not public; the template does not allow that",
    de="%(host)s hat die Adresse %(address)s, die nicht öffentlich ist; die Vorlage erlaubt das nicht",
)
BAD_ADDRESS = _code(
    "bad_address",
    "%(url)s is no address to download from",
    de="Von %(url)s kann nichts heruntergeladen werden",
)
DOWNGRADE = _code(
    "downgrade",
    "%(url)s leads from https to http",
    de="%(url)s führt von https zu http",
)
REDIRECTS = _code("redirects", "%(url)s leads on too often", de="%(url)s führt zu oft weiter")

# What servers answer.
STATUS = _code(
    "status",
    "%(url)s is answered with status %(status)s",
    de="%(url)s wird mit dem Status %(status)s beantwortet",
)
BUSY = _code(
    "busy",
    "%(host)s asks to wait for %(seconds)s s",
    de="%(host)s bittet darum, %(seconds)s s zu warten",
)
BROKE_OFF = _code(
    "broke_off",
    "%(url)s broke off %(tries)s times: %(error)s",
    de="%(url)s brach %(tries)s-mal ab: %(error)s",
)
TOO_SLOW = _code(
    "too_slow",
    "%(url)s did not arrive within %(limit)s",
    de="%(url)s kam nicht innerhalb von %(limit)s an",
)
ENCODED = _code(
    "encoded",
    "%(url)s is sent as %(encoding)s, which was not asked for",
    de="%(url)s wird als %(encoding)s gesendet, was nicht verlangt war",
)

# Limits.
TOO_LARGE = _code(
    "too_large",
    "%(name)s is larger than the template allows (%(most)s)",
    de="%(name)s ist größer, als die Vorlage erlaubt (%(most)s)",
)
TOO_MANY = _code(
    "too_many",
    "%(name)s has more files than the template allows (%(most)s)",
    de="%(name)s hat mehr Dateien, als die Vorlage erlaubt (%(most)s)",
)

# What the description of an item or a book says.
NOT_READABLE = _code(
    "not_readable",
    "%(url)s is not readable as JSON: %(error)s",
    de="%(url)s ist nicht als JSON lesbar: %(error)s",
)
NO_SUCH_ITEM = _code(
    "no_such_item",
    "the Internet Archive has no item %(item)s",
    de="Das Internet Archive hat kein Objekt %(item)s",
)
NO_PICTURES = _code(
    "no_pictures",
    "the item %(item)s has no page images; its formats: %(formats)s",
    de="Das Objekt %(item)s hat keine Seitenbilder; seine Formate: %(formats)s",
)
NOT_A_MANIFEST = _code(
    "not_a_manifest",
    "%(url)s is no manifest of IIIF Presentation 2 or 3",
    de="%(url)s ist kein Manifest von IIIF Presentation 2 oder 3",
)
NO_PAGES = _code("no_pages", "%(name)s has no pages", de="%(name)s hat keine Seiten")
NO_IMAGE = _code(
    "no_image",
    "page %(number)s (%(label)s) of %(url)s has no image",
    de="Seite %(number)s (%(label)s) von %(url)s hat kein Bild",
)

# What is wrong with a file.
WRONG_SIZE = _code(
    "wrong_size",
    "%(name)s has %(found)s bytes and should have %(wanted)s",
    de="%(name)s hat %(found)s Bytes und sollte %(wanted)s haben",
)
WRONG_DIGEST = _code(
    "wrong_digest",
    "the %(kind)s of %(name)s is %(found)s and should be %(wanted)s",
    de="%(kind)s von %(name)s ist %(found)s und sollte %(wanted)s sein",
)
BAD_CONTAINER = _code(
    "bad_container",
    "%(name)s cannot be unpacked: %(error)s",
    de="%(name)s kann nicht entpackt werden: %(error)s",
)
SMALLER = _code(
    "smaller",
    "the picture has %(found)s pixels and should have %(wanted)s",
    de="Das Bild hat %(found)s Pixel und sollte %(wanted)s haben",
)
COUNT_DIFFERS = _code(
    "count_differs",
    "%(name)s holds %(found)s pages, and the source counts %(wanted)s",
    de="%(name)s enthält %(found)s Seiten, die Quelle zählt %(wanted)s",
)
SAME_NAME = _code(
    "same_name",
    "two files would be called %(name)s",
    de="Zwei Dateien würden %(name)s heißen",
)
