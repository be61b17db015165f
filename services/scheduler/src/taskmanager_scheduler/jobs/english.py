"""The scheduler's reasons as English sentences, for Goobi and for the errors of jobs."""

from taskmanager.model.reasons import Catalogue, Reason, say
from taskmanager.model.reasons.families import SHARED

_CATALOGUE = Catalogue(SHARED)


def english(reason: Reason) -> str:
    """The English sentence for a reason."""
    return say(reason, _CATALOGUE)
