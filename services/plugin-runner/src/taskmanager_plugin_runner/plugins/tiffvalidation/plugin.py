"""The plugin `tiffvalidation` (job type TIFVALIDATION): every TIFF examined, one report each."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.tiffvalidation import texts
from taskmanager_plugin_runner.plugins.tiffvalidation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.plugin import Offer, ValidationPlugin

if TYPE_CHECKING:
    from taskmanager_plugin_runner.plugins.validation.job import Kind

OFFER: Final = Offer(
    texts.SHARED,
    "TIFF validation",
    {"de": "TIFF-Validierung"},
    "TIFVALIDATION",
    default="tiff",
    alias="tiff.template",
)
SHIPPED: Final = Path(__file__).parent / "profiles"


class TiffValidationPlugin(ValidationPlugin[Profile]):
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        from taskmanager_plugin_runner.plugins.tiffvalidation.checks import (  # noqa: PLC0415 - the other modules need no lxml
            compile_checks,
        )

        profiles = read_catalogue(texts.PLUGIN, Profile.model_validate, SHIPPED)
        for name, profile in profiles.items():
            compile_checks(name, profile)
        super().__init__(OFFER, profiles, _kind_of)


def _kind_of(profile: Profile) -> "Kind":
    from taskmanager_plugin_runner.plugins.tiffvalidation.validation import (  # noqa: PLC0415 - a manifest needs no numpy
        kind_of,
    )

    return kind_of(profile)
