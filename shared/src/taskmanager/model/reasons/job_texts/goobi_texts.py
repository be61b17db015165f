"""Problems between a job and Goobi: its files API, and how Goobi is named and called."""

from taskmanager.model.reasons.coded_text import TextFamily

GOOBI = TextFamily("goobi", "What is wrong between a job and Goobi.")
_text = GOOBI.text

FOLDER = _text("folder", "folder %(folder)s of Goobi's process %(process)s")
FILE_IN = _text("file_in", "%(name)s in %(folder)s")
DELIVERED_OVER_API = _text(
    "delivered_over_api", "results were delivered over Goobi's files API: set TASKMANAGER_GOOBI to undo it"
)
JOURNAL_NOT_KEPT = _text(
    "journal_not_kept", "%(folder)s does not keep %(journal)s, without which nothing is delivered"
)
OTHER_RESULT = _text(
    "other_result",
    (
        "%(folder)s already has another %(name)s, and nothing is replaced over the files API: remove "
        "it in Goobi and retry the job"
    ),
)
NOT_AS_UPLOADED = _text("not_as_uploaded", "%(name)s in %(folder)s is not what was uploaded")
JOURNAL_NOT_REMOVED = _text("journal_not_removed", "Goobi did not remove the journal in %(folder)s")
JOURNAL_DAMAGED = _text(
    "journal_damaged",
    "%(journal)s in %(folder)s is damaged: remove it and what the job delivered, then retry",
)
JOURNAL_FOREIGN = _text(
    "journal_foreign",
    (
        "%(journal)s in %(folder)s was not written by a runner of this plugin, and none of it was "
        "carried out: inspect the folder, remove the file and retry the job"
    ),
)
DESTINATION_IS_SOURCE = _text(
    "destination_is_source",
    "the destination is the source: both are folder %(folder)s of Goobi's process "
    "%(process)s; name another folder, or a template that works in place",
)
FOLDER_EMPTY = _text("folder_empty", "%(folder)s is empty: check the process and the table `folders`")
NO_NESTED_FOLDERS = _text(
    "no_nested_folders", "the plugin made %(name)s; Goobi's files API has no folders within folders"
)
NO_PROCESS = _text(
    "no_process", "this runner works over Goobi's files API, and the job names no Goobi process"
)
UNKNOWN_INSTALLATION = _text(
    "unknown_installation", "the runner knows no Goobi installation %(name)s: see %(settings)s"
)
FOLDER_OF_OTHER_PROCESS = _text(
    "folder_of_other_process", "the folder %(path)s is not one of Goobi's process %(process)s"
)
NO_PATTERN = _text(
    "no_pattern", "no pattern of [installations.%(installation)s.folders] in %(settings)s fits %(folder)s"
)
NO_INSTALLATION = _text("no_installation", "there is no Goobi installation %(name)s in %(settings)s")
FILE_GONE = _text("file_gone", "%(name)s was in %(folder)s a moment ago and has disappeared")
API_NEEDS = _text(
    "api_needs", "the files API needs dialect rest or core, and token_file or api_token_file for its secret"
)
LIST_NO_JSON = _text("list_no_json", "the list of %(folder)s is not JSON")
LIST_NO_NAMES = _text("list_no_names", "Goobi does not list %(folder)s as a list of names")
LIST_BAD_NAME = _text("list_bad_name", "Goobi lists %(name)s in %(folder)s, which is not a file name")
FILE_TOO_SLOW = _text("file_too_slow", "%(name)s in %(folder)s did not arrive within %(limit)s")
FILE_CUT = _text("file_cut", "%(name)s in %(folder)s arrived with %(got)s of %(size)s bytes")
UNKNOWN = _text("unknown", "Goobi does not know %(what)s: check the process and the table `folders`")
REFUSED = _text(
    "refused", "Goobi refuses %(what)s (%(status)s): check the token, and this machine in goobi_rest.xml"
)
NO_SPACE = _text("no_space", "Goobi has no space left for %(what)s: make room there and retry the job")
FAILED = _text("failed", "Goobi failed with status %(status)s at %(what)s: see its log")
ANSWERED = _text("answered", "Goobi answers %(status)s to %(method)s of %(what)s")
PAGE_INSTEAD = _text(
    "page_instead", "a web page came instead of %(what)s: is there a proxy or a log-in in front of Goobi?"
)
TOO_LARGE = _text("too_large", "Goobi sent %(size)s bytes where a list or a journal was expected")
BROKE_OFF = _text("broke_off", "the connection to Goobi at %(host)s broke: %(error)s")
INSTALLATION_NOT_CONFIGURED = _text(
    "installation_not_configured",
    "no Goobi installation is called %(name)s (known: %(known)s)",
    "no Goobi installation is called %(name)s (known: none is configured)",
)
CALLBACK_NOT_ALLOWED = _text(
    "callback_not_allowed",
    "callbacks to host %(host)s are not allowed: name it in callback_hosts of the Goobi settings",
)
