"""The families of codes that are stored or sent: every service knows them."""

from taskmanager.model.reasons.actions_taken import DEEDS
from taskmanager.model.reasons.catalogue import OTHERS
from taskmanager.model.reasons.history import HISTORY
from taskmanager.model.reasons.refusals import REFUSALS
from taskmanager.model.reasons.weak_passwords import WEAKNESSES

SHARED = (REFUSALS, HISTORY, DEEDS, WEAKNESSES, OTHERS)
