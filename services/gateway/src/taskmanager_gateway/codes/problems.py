"""The details of error responses."""

from taskmanager.model.control import JobAction, RunnerAction
from taskmanager.model.reasons import Family, Reason
from taskmanager.model.replicas import ScalingAction

PROBLEMS = Family("problem", "Details of problems.")
_code = PROBLEMS.code

CANNOT_START = _code("cannot_start", "Cannot start it: %(refusal)s.")
CANNOT_STOP = _code("cannot_stop", "Cannot stop it: %(refusal)s.")
CANNOT_SEND = _code("cannot_send", "Cannot send it: %(refusal)s.")
_WORDS = {
    **{action.value: action.value for action in (*JobAction, RunnerAction.FORGET)},
    JobAction.PRIORITY.value: "change the priority",
    JobAction.NEXT.value: "put it next",
    ScalingAction.SCALE.value: "change the number of runners",
    ScalingAction.RENEW.value: "restart them one by one",
    ScalingAction.FORGET_PLACE.value: "forget the place",
    "save_preset": "save the preset",
    "rename_preset": "rename the preset",
    "remove_preset": "delete the preset",
    "add_user": "add the user",
    "change_user": "change the user",
    "remove_user": "remove the user",
    "add_token": "make the token",
    "set_second_factor": "set up the second factor",
    "use_code": "use the code",
    "add_security_key": "add the security key",
    "use_security_key": "use the security key",
}
_CANNOT = {
    action: _code(f"cannot_{action}", f"Cannot {words}: %(refusal)s.") for action, words in _WORDS.items()
}
"""The detail for each action of an order that the rules refuse."""
_CANNOT_DO = _code("cannot_do", "Cannot %(action)s: %(refusal)s.")
"""For an action that only the rules of another version know."""


NO_JOB = _code("no_job", "There is no job '%(job)s': it was never stored, or it has been deleted.")
UNKNOWN_JOB = _code(
    "unknown_job",
    "There is no job '%(job)s'. Its id is in the answer to its submission; old jobs are deleted.",
)
UNKNOWN_IDENTIFIER = _code(
    "unknown_identifier",
    "No job is known by '%(identifier)s': neither as goobiId, nor as pi, nor as id. Old jobs are deleted.",
)
UNKNOWN_VIEWER = _code("unknown_viewer", "There is no '%(viewer)s' here. Use one of: %(known)s.")
NO_REPORT = _code("no_report", "There is no report '%(report)s'.", "There is no such report.")
NO_NOTE = _code("no_note", "There is no such note, or it is on something that is out of reach.")
NO_RULE = _code(
    "no_rule",
    "There is no rule '%(rule)s' of notifications, or it is about plugins that are out of reach.",
    "There is no such rule.",
)
TOO_MANY_RULES = _code("too_many_rules", "There are %(limit)s rules already: remove one first.")
NO_DEAD_LETTER = _code(
    "no_dead_letter",
    "There is no dead letter '%(letter)s': it may have been settled meanwhile.",
    "There is no such dead letter.",
)
OF_NO_INBOX = _code(
    "of_no_inbox", "It came from %(queue)s, which is no inbox of the scheduler today. It can only be dropped."
)
NO_PRESET = _code("no_preset", "There is no preset '%(preset)s'.", "There is no such preset.")
PRESET_MISFIT = _code("preset_misfit", "The preset '%(preset)s' no longer fits its plugin. %(problem)s")
TOO_MANY_PRESETS = _code("too_many_presets", "There are %(most)s presets already: delete some.")
NO_TOKEN = _code("no_token", "There is no token '%(token)s'.", "There is no such token.")
NO_SESSION = _code("no_session", "There is no such log-in: it may have ended meanwhile.")
NO_USER = _code("no_user", "There is no user '%(name)s'.", "There is no such user.")
NO_OPERATION = _code("no_operation", "There is no operation '%(operation)s'.")
UNKNOWN_OPERATION = _code(
    "unknown_operation",
    "There is no operation '%(operation)s'. Its id is in the answer to its start; it is stored by the "
    "scheduler, and deleted 90 days after its end.",
)
NO_RUNNER = _code("no_runner", "There is no runner '%(runner)s'.")
UNKNOWN_RUNNER = _code(
    "unknown_runner", "There is no runner '%(runner)s': it never registered, or it was forgotten."
)
NO_PLACE = _code("no_place", "No orchestrator at '%(place)s' has reported plugin '%(plugin)s'.")
NO_PLUGIN = _code("no_plugin", "There is no plugin '%(plugin)s'.")
UNKNOWN_PLUGIN = _code(
    "unknown_plugin",
    "There is no plugin '%(plugin)s'. Use one of: %(known)s.",
    "There is no plugin '%(plugin)s'. None is installed yet.",
)
NO_JOB_OF_PLUGIN = _code(
    "no_job_of_plugin",
    "There is no plugin '%(plugin)s', and no job of it is stored. A plugin appears when its first runner "
    "starts.",
)
NO_INSTALLATION = _code("no_installation", "No Goobi installation is called '%(name)s'.")
NO_OIDC = _code("no_oidc", "Log-in by OpenID Connect is not set up here.")
NO_SUCH_ADDRESS = _code("no_such_address", "Nothing is at %(path)s. /docs lists every address.")
NO_SUCH_METHOD = _code("no_such_method", "%(path)s does not accept %(method)s. Use one of: %(allowed)s.")
JOB_TYPE_NOT_INSTALLED = _code(
    "job_type_not_installed",
    "Job type '%(type)s' is for plugin '%(plugin)s', which is not installed. Known job types: %(known)s.",
    "Job type '%(type)s' is for plugin '%(plugin)s', which is not installed. No plugin is installed yet.",
)
JOB_TYPE_AMBIGUOUS = _code(
    "job_type_ambiguous",
    "Several plugins handle job type '%(type)s' (%(plugins)s): [job_types] must name one.",
)
UNKNOWN_JOB_TYPE = _code(
    "unknown_job_type",
    "No plugin handles job type '%(type)s'. Known job types: %(known)s.",
    "No plugin handles job type '%(type)s'. No plugin is installed yet.",
)
UNKNOWN_TEMPLATE = _code(
    "unknown_template",
    "Plugin %(plugin)s has no template '%(template)s'. Use one of: %(known)s.",
    "Plugin %(plugin)s has no template '%(template)s'. It takes none: leave the field out.",
)
PLUGIN_CLOSED = _code(
    "plugin_closed", "An operator closed plugin %(plugin)s for new jobs. Ask them, or try again later."
)
BAD_SCHEMA = _code(
    "bad_schema", "The author of plugin %(plugin)s must correct its parameter schema: %(defect)s"
)

STALE_CURSOR = _code("stale_cursor", "Use 'next_cursor' of the page before.")
STALE_CURSOR_OF_LIST = _code(
    "stale_cursor_of_list", "Use 'next_cursor' of the page before, with the same filters and order."
)
STALE_CURSOR_OF_FILES = _code(
    "stale_cursor_of_files",
    "Use 'next_cursor' of the page before; start again if the job has started another attempt since.",
)
FIRST_PAGE = _code("first_page", "Start from the first page.")
NO_POSITION = _code("no_position", "'%(position)s' is not a position in a log. Use the last 'after' you got.")

FIELD = _code(
    "field",
    "%(field)s: %(fault)s (and %(count)s more). Correct the request and send it again.",
    "%(field)s: %(fault)s. Correct the request and send it again.",
)
BAD_JSON = _code("bad_json", "The body cannot be read as JSON: %(fault)s. Send UTF-8 encoded JSON.")
NOT_JSON = _code(
    "not_json",
    "Got '%(type)s'. Send JSON, uncompressed, with the header Content-Type: application/json.",
)
NO_FILES = _code("no_files", "No file is expected here: send no %(type)s.")
BODY_TOO_LARGE = _code("body_too_large", "The limit is %(limit)s bytes. Send less, or several requests.")
TOO_MANY_FIELDS = _code("too_many_fields", "A form has %(most)s fields at most. Send fewer.")
BODY_TOO_SLOW = _code("body_too_slow", "The body did not arrive within %(seconds)s s. Send it again.")
FOLDER_UNREADABLE = _code("folder_unreadable", "%(path)s cannot be read: %(error)s.")
OF_LINK = _code("of_link", "Job %(number)s of the chain: %(problem)s")
JOB_TOO_LARGE = _code(
    "job_too_large", "The job has %(size)s bytes; the limit is %(limit)s. Pass large input as files."
)
OTHER_JOB_UNDER_KEY = _code(
    "other_job_under_key",
    "The job under this key has another specification. Use a new key, or the body sent with it first.",
)
OTHER_OPERATION_UNDER_KEY = _code(
    "other_operation_under_key",
    "The operation under this key is another one. Use a new key, or the body sent with it first.",
)
HTTP = _code("http", "%(text)s")

DELIVERED_ALREADY = _code("delivered_already", "Cannot replay it: Goobi has it already.")
UNTRUE_BY_NOW = _code("untrue_by_now", "Cannot replay it: a retry of its job has made it obsolete.")

STORE_AWAY = _code(
    "store_away",
    "Stored data cannot be read at present; new jobs are still accepted. Try again soon.",
)
UNREADABLE = _code(
    "unreadable",
    "It is stored, but not in the format of this version; the gateway's log names the document.",
)
BROKER_AWAY = _code("broker_away", "The message broker does not answer. Try again soon.")
COMMAND_NOT_CONFIRMED = _code(
    "command_not_confirmed",
    "The message broker did not confirm the command, so it may or may not be done. Look whether it was, "
    "and if not, send it again: a repeat does no harm.",
)
JOB_NOT_CONFIRMED = _code(
    "job_not_confirmed",
    "The message broker did not confirm the job, so it may or may not have been accepted. See whether "
    "/api/v1/jobs/%(job)s exists before you send it again; with an Idempotency-Key a repeat is harmless.",
)
KEYED_JOB_NOT_CONFIRMED = _code(
    "keyed_job_not_confirmed",
    "The message broker did not confirm the job, so it may or may not have been accepted. Send it again with "
    "the same Idempotency-Key: it stays one job.",
)
JOB_NOT_SENT = _code(
    "job_not_sent",
    "The message broker did not confirm the jobs before this one. This one was not sent: send it again.",
)
DEFECT = _code("defect", "Internal error. The gateway's log has the details.")
PLUGINS_NOT_READ = _code(
    "plugins_not_read", "The database has not been available since this gateway started. Try again soon."
)
ASKER_NOT_READ = _code("asker_not_read", "Your log-in or token cannot be checked at present. Try again soon.")
FOLDERS_SLOW = _code(
    "folders_slow",
    "The folders of the job could not be looked at in time; a network drive may hang. Try again.",
)
TOO_MANY_HOSTS = _code("too_many_hosts", "Send exactly one Host header; there were %(number)s.")
BAD_HOST = _code("bad_host", "The Host header is not a host name.")
OTHER_HOST = _code(
    "other_host",
    "This service is not known by that name. An operator sets its names in TASKMANAGER_HTTP_HOSTS.",
)
STREAMS_OF_CLIENT = _code(
    "streams_of_client",
    "%(number)s streams of yours are open. Close one of them, or try again later.",
)
STREAMS_OF_ALL = _code(
    "streams_of_all",
    "%(number)s streams are open. Ask for the lists themselves, or try again later.",
)


def cannot(action: str, refusal: Reason) -> Reason:
    """The detail of an order that is refused."""
    known = _CANNOT.get(action)
    return known(refusal=refusal) if known else _CANNOT_DO(action=action, refusal=refusal)
