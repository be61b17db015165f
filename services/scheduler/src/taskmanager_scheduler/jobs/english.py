"""The English sentences of what the scheduler tells, for Goobi and the errors of jobs."""

from taskmanager.model.reasons import Catalogue, Reason, say
from taskmanager.model.reasons.families import SHARED

_CATALOGUE = Catalogue(SHARED)


def english(reason: Reason) -> str:
    """The sentence for it."""
    return say(reason, _CATALOGUE)
