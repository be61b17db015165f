"""The languages of the pages: which there are, which one a reader gets, and the translations.

Translations are gettext catalogues (`locale/<language>/*.po`, one for each part of the pages), read once at
start by Babel, so that no compiled file can be older than its source.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Language -> its own name for itself. The sources are in English."""
DEFAULT = "en"
CATALOGUES = Path(__file__).parents[1] / "locale"


def choose(wanted: str | None, accepted: str) -> str:
    """The language the reader chose, else the best available one of an `Accept-Language` header."""
    if wanted in LANGUAGES:
        return wanted
    return negotiate_locale(_by_quality(accepted), LANGUAGES, sep="-") or DEFAULT


def _by_quality(accepted: str) -> list[str]:
    """The languages of the header, the most preferred first (RFC 9110, 12.5.4); invalid parts are skipped."""
    weighed: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weighed.append((float(quality or 1), name.strip()))
        except ValueError:
            continue
    return [name for weight, name in sorted(weighed, key=lambda pair: -pair[0]) if name and weight > 0]


@cache
def translations(language: str) -> NullTranslations:
    """The translations of a language; sentences without one stay English."""
    merged = Catalog(locale=language)
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    merged.add(message.id, message.string, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)
