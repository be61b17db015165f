"""Which event of the Library of Congress's vocabulary a job is. Knows names of plugins and templates only."""

from typing import Final, NamedTuple

VOCABULARY: Final = "http://id.loc.gov/vocabulary/preservation/eventType"


class EventType(NamedTuple):
    """A term of the vocabulary: its code, which ends its address, and its label."""

    code: str
    label: str

    @property
    def uri(self) -> str:
        """The address of the term."""
        return f"{VOCABULARY}/{self.code}"


CAPTURE: Final = EventType("cap", "capture")
CREATION: Final = EventType("cre", "creation")
FIXITY_CHECK: Final = EventType("fix", "fixity check")
MESSAGE_DIGESTS: Final = EventType("mes", "message digest calculation")
MIGRATION: Final = EventType("mig", "migration")
PACKING: Final = EventType("pac", "packing")
TRANSFER: Final = EventType("tra", "transfer")
VALIDATION: Final = EventType("val", "validation")

_BY_PLUGIN: Final = {
    "altoconvert": MIGRATION,
    "checksums": MESSAGE_DIGESTS,
    "download": CAPTURE,
    "images": MIGRATION,
    "jp2": MIGRATION,
    "jp2validation": VALIDATION,
    "media": MIGRATION,
    "mets": VALIDATION,
    "tiffvalidation": VALIDATION,
    "upload": TRANSFER,
}
_BY_TEMPLATE: Final = {
    ("checksums", "bag"): PACKING,
    ("checksums", "verify"): FIXITY_CHECK,
    ("checksums", "verify-bag"): FIXITY_CHECK,
}


def event_type(plugin: str, template: str | None) -> EventType:
    """The term for a job; for a plugin that is not known here, that something was made."""
    return _BY_TEMPLATE.get((plugin, template or ""), _BY_PLUGIN.get(plugin, CREATION))
