"""The families of codes that are stored or sent: every service knows them."""

from taskmanager.reasons.catalogue import OTHERS
from taskmanager.reasons.deeds import DEEDS
from taskmanager.reasons.history import HISTORY
from taskmanager.reasons.refusals import REFUSALS
from taskmanager.reasons.weaknesses import WEAKNESSES

SHARED = (REFUSALS, HISTORY, DEEDS, WEAKNESSES, OTHERS)
