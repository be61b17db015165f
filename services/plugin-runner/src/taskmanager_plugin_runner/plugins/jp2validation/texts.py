"""The sentences of the plugin `jp2validation`, in English and German."""

from typing import Final

from taskmanager_plugin_runner.plugins.validation.texts import ValidationTexts

PLUGIN: Final = "jp2validation"
SHARED: Final = ValidationTexts(PLUGIN)
_code = SHARED.own.code

NOT_JPEG_2000 = _code(
    "not_jpeg_2000", "it is %(format)s, not JPEG 2000", de="Das ist %(format)s, nicht JPEG 2000"
)
FORMAT = _code(
    "format",
    "it is %(found)s; the profile allows %(wanted)s",
    de="Das ist %(found)s; das Profil erlaubt %(wanted)s",
)
TEST_FAILED = _code(
    "test_failed",
    "it fails %(number)s test(s) of jpylyzer: %(tests)s",
    de="Sie besteht %(number)s Prüfung(en) von jpylyzer nicht: %(tests)s",
)
GIVEN_UP = _code(
    "given_up", "jpylyzer gave up on it: %(detail)s", de="jpylyzer hat bei ihr aufgegeben: %(detail)s"
)
REPORT_ODD = _code(
    "report_odd",
    "the properties are left out of the report, since XML cannot hold them: %(error)s",
    de="Die Eigenschaften fehlen im Bericht, weil XML sie nicht fassen kann: %(error)s",
)
NO_CODESTREAM = _code(
    "no_codestream", "it has no codestream to decode", de="Sie hat keinen Codestream zum Dekodieren"
)
NOT_DECODED = _code(
    "not_decoded", "it cannot be decoded: %(detail)s", de="Sie lässt sich nicht dekodieren: %(detail)s"
)
OTHER_SIZE = _code(
    "other_size",
    "%(found)s pixels were decoded instead of %(wanted)s",
    de="Es wurden %(found)s Pixel statt %(wanted)s dekodiert",
)
CODE_BLOCKS = _code(
    "code_blocks",
    "%(number)s code-block(s) end elsewhere than their data: bits were changed",
    de="%(number)s Codeblöcke enden anderswo als ihre Daten: Es wurden Bits verändert",
)
DECODER_SAYS = _code("decoder_says", "OpenJPEG says: %(detail)s", de="OpenJPEG meldet: %(detail)s")
RULE = _code("rule", "profile: %(message)s", de="Profil: %(message)s")
