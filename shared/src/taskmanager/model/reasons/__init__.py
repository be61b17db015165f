"""What services tell people, as data: a code with its parameters, and one catalogue of sentences.

Rules return reasons, the store and the messages carry them, and the sentence is made where it is read. Each
family of codes is a module of constants here; those that only the gateway uses are in `taskmanager_gateway`.
"""

from taskmanager.model.reasons.catalogue import PROSE, Catalogue, Code, Codes, Family, Plural
from taskmanager.model.reasons.model import Reason, ReasonValue, absent
from taskmanager.model.reasons.sentences import ENGLISH, Language, moment_of, say

__all__ = [
    "ENGLISH",
    "PROSE",
    "Catalogue",
    "Code",
    "Codes",
    "Family",
    "Language",
    "Plural",
    "Reason",
    "ReasonValue",
    "absent",
    "moment_of",
    "say",
]
