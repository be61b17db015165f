"""The families of codes that are stored or sent: every service knows them."""

from taskmanager.model.reasons.actions_taken import DEEDS
from taskmanager.model.reasons.automatic import AUTOMATIC
from taskmanager.model.reasons.catalogue import OTHERS
from taskmanager.model.reasons.history import HISTORY
from taskmanager.model.reasons.job_texts.attempt_texts import ATTEMPTS
from taskmanager.model.reasons.job_texts.document_texts import DOCUMENTS
from taskmanager.model.reasons.job_texts.file_texts import FILES
from taskmanager.model.reasons.job_texts.goobi_texts import GOOBI
from taskmanager.model.reasons.job_texts.list_texts import LISTS
from taskmanager.model.reasons.job_texts.path_texts import PATHS
from taskmanager.model.reasons.job_texts.picture_texts import PICTURES
from taskmanager.model.reasons.job_texts.tool_texts import TOOLS
from taskmanager.model.reasons.log_ins import LOG_INS
from taskmanager.model.reasons.oidc_refusals import OIDC_REFUSALS
from taskmanager.model.reasons.refusals import REFUSALS
from taskmanager.model.reasons.weak_passwords import WEAKNESSES

JOB_TEXTS = (ATTEMPTS, FILES, PATHS, GOOBI, PICTURES, DOCUMENTS, TOOLS, LISTS)
SHARED = (REFUSALS, HISTORY, DEEDS, WEAKNESSES, LOG_INS, OIDC_REFUSALS, AUTOMATIC, OTHERS, *JOB_TEXTS)
