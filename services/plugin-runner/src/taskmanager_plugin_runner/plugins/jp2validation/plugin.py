"""The plugin `jp2validation` (job type JP2VALIDATION): every JPEG 2000 file examined, one report each."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from taskmanager.errors import PermanentError
from taskmanager_plugin_runner.plugins.catalogue import read_catalogue
from taskmanager_plugin_runner.plugins.jp2validation import texts
from taskmanager_plugin_runner.plugins.jp2validation.profile import Profile
from taskmanager_plugin_runner.plugins.validation.plugin import Offer, ValidationPlugin

if TYPE_CHECKING:
    from taskmanager_plugin_runner.plugins.validation.job import Kind

OFFER: Final = Offer(
    texts.SHARED,
    "JPEG 2000 validation",
    {"de": "JPEG-2000-Validierung"},
    "JP2VALIDATION",
    default="jp2",
    alias="jp2validate",
)
SHIPPED: Final = Path(__file__).parent / "profiles"


class Jp2ValidationPlugin(ValidationPlugin[Profile]):
    """Reads its profiles once, on construction; raises PermanentError if one of them is invalid."""

    def __init__(self) -> None:
        profiles = read_catalogue(texts.PLUGIN, Profile.model_validate, SHIPPED)
        for name, profile in profiles.items():
            _require_rules(name, profile)
        super().__init__(OFFER, profiles, _kind_of)


def _kind_of(profile: Profile) -> "Kind":
    from taskmanager_plugin_runner.plugins.jp2validation.validation import (  # noqa: PLC0415 - a manifest needs no numpy
        kind_of,
    )

    return kind_of(profile)


def _require_rules(name: str, profile: Profile) -> None:
    """Raise PermanentError if the profile has rules that are none."""
    if not profile.rules:
        return
    from taskmanager_plugin_runner.plugins.jp2validation.rules import (  # noqa: PLC0415 - most profiles need no lxml to be read
        compiled,
    )

    try:
        compiled(profile.rules)
    except ValueError as error:
        raise PermanentError(f"profile {name}: the rules are no Schematron schema: {error}") from error
