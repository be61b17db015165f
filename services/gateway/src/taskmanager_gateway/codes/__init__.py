"""The codes that only the gateway uses, and the catalogue of all codes it knows."""

from taskmanager.model.reasons import Catalogue, Reason, say
from taskmanager.model.reasons.families import SHARED
from taskmanager_gateway.codes.access import ACCESS
from taskmanager_gateway.codes.faults import FAULTS
from taskmanager_gateway.codes.pictures import PICTURES
from taskmanager_gateway.codes.problems import PROBLEMS
from taskmanager_gateway.codes.waiting import WAITING

CATALOGUE = Catalogue((*SHARED, WAITING, PROBLEMS, FAULTS, ACCESS, PICTURES))


def english(reason: Reason) -> str:
    """The English sentence, as programs get it."""
    return say(reason, CATALOGUE)
